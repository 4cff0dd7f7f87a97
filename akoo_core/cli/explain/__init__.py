"""`akoo-core explain`: why a cluster is as it is."""
