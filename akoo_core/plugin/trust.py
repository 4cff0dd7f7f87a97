"""TLS contexts with the same rules on every supported Python."""

from akoo_core.trust import advice, context

__all__ = [
    "advice",
    "context",
]
