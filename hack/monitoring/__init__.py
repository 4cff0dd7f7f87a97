"""Rules for Prometheus, dashboards for Grafana and pages, made of signals."""
