"""API servers of workload clusters: a pool of them, and a door of each cluster's own."""
