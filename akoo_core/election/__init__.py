"""Leader election: one Lease, judged by local clocks, and a guard of all writes."""
