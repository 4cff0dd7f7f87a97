"""`akoo-core plugins`: list, show, write and check plugins."""
