"""A circuit breaker for one server that does not answer."""

from akoo_core.kube.circuit import Circuit

__all__ = [
    "Circuit",
]
