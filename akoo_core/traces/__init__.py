"""Traces read back: Jaeger's query API, and the life of a cluster out of its answers."""
