"""/healthz, /readyz and /metrics on a port of their own, leader or not."""
