"""``valuesFrom`` and ``overridable`` of ``spec.plugins.ako``: the types. Strict."""

from __future__ import annotations

from typing import Any, Literal

from akoo_core.plugin import structs

Type = Literal["text", "flag", "number", "seconds", "list", "labels", "object", "items", ""]


class FieldRef(structs.StrictStruct, frozen=True, kw_only=True):
    """A label or an annotation of the Cluster."""

    field_path: str
    """``metadata.labels['name']`` or ``metadata.annotations['name']``."""


class ConfigMapKey(structs.StrictStruct, frozen=True, kw_only=True):
    """One key of a ConfigMap in the operator's namespace."""

    name: str
    key: str


class ValueFrom(structs.StrictStruct, frozen=True, kw_only=True):
    """One value that each cluster of the config has of its own. It has exactly one source."""

    path: str
    """Of the chart."""
    field_ref: FieldRef | None = None
    variable: str = ""
    """Name of a variable of ``spec.topology``; after a dot, a field of its value."""
    config_map_key_ref: ConfigMapKey | None = None
    type: Type = ""
    """Of the value. Empty: that of the path, and no other is taken."""
    default: Any = None
    """The value where the source has none. null: there is none, and that is an error."""


class Overridable(structs.StrictStruct, frozen=True, kw_only=True):
    """One path that labels and annotations of Clusters may set, with its bounds."""

    path: str
    type: Type
    min: int | None = None
    max: int | None = None
    enum: tuple[str, ...] = ()
    pattern: str = ""
    """Of the whole text. See ``bounds.py`` for what it may hold."""
