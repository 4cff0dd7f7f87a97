"""Everything that goes into a workload cluster."""
