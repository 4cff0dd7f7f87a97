"""References to secrets in settings, instead of their values."""

from akoo_core.settings import Reference, SecretRef

__all__ = [
    "Reference",
    "SecretRef",
]
