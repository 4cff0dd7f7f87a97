"""A test bed of real components: management and workload clusters on one machine."""
