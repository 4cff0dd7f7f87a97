"""Port groups in vCenter: a whole operator on an API server and a strict vCenter simulator."""
