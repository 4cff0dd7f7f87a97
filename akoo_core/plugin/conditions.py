"""Conditions of a plugin's own kinds, as Kubernetes writes them."""

from akoo_core.objects.conditions import (
    MESSAGE_LIMIT,
    Condition,
    find,
    merge,
    type_for_plugin,
)

__all__ = ["MESSAGE_LIMIT", "Condition", "find", "merge", "type_for_plugin"]
