"""Secrets in settings: how a setting names one, instead of its value."""

from akoo_core.settings import Reference, SecretRef

__all__ = [
    "Reference",
    "SecretRef",
]
