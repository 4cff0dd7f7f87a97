"""Which replica works: one Lease, judged by local clocks, and a guard asked before writes."""
