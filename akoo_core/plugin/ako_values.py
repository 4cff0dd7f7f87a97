"""Values of AKO's Helm chart in a config, for the plugins that read the same settings."""

from akoo_core.objects.ako_values import (
    NAMES,
    SHARED,
    VALUES,
    Shared,
    ValueType,
    at,
    filled,
    placed,
    typed,
)

__all__ = [
    "NAMES",
    "SHARED",
    "VALUES",
    "Shared",
    "ValueType",
    "at",
    "filled",
    "placed",
    "typed",
]
