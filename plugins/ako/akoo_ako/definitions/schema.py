"""Builders of OpenAPI v3 schemas, as CustomResourceDefinitions take them; pure."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_REQUIRED = "\0required"
"""Marks a field until its object is built; it is in no schema that is returned by ``fields``."""


def required(schema: Schema) -> Schema:
    """A field that its object must have."""
    return {**schema, _REQUIRED: True}


def fields(by_name: Schema | None = None, /, **more: Schema) -> Schema:
    """An object with these fields and no others. ``by_name``: names that Python reserves."""
    properties = (by_name or {}) | more
    names = sorted(name for name, schema in properties.items() if _REQUIRED in schema)
    plain = {
        name: {key: value for key, value in schema.items() if key != _REQUIRED}
        for name, schema in properties.items()
    }
    return {
        "type": "object",
        "properties": plain,
        **({"required": names} if names else {}),
    }


def exactly_one(schema: Schema, *names: str) -> Schema:
    """The object ``schema``, which must have one of these fields and not more."""
    return {**schema, "oneOf": [{"required": [name]} for name in names]}


def mapping(values: Schema) -> Schema:
    """An object with any keys."""
    return {"type": "object", "additionalProperties": values}


def many(items: Schema, **bounds: Any) -> Schema:
    """A list. ``bounds``: other keywords of the schema, e.g. maxItems."""
    return {"type": "array", "items": items, **bounds}


def by_key(items: Schema, key: str, **bounds: Any) -> Schema:
    """A list whose items are told apart by their field ``key``."""
    keys = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}
    return many(items, **keys, **bounds)


def text(**bounds: Any) -> Schema:
    """A string. ``bounds``: e.g. default, pattern, maxLength."""
    return {"type": "string", **bounds}


def choice(*values: str, **bounds: Any) -> Schema:
    """A string that is one of ``values``."""
    return text(enum=list(values), **bounds)


def number(least: int | None = None, most: int | None = None, **bounds: Any) -> Schema:
    """An integer from ``least`` to ``most``, both included."""
    limits = {"minimum": least, "maximum": most}
    set_limits = {name: limit for name, limit in limits.items() if limit is not None}
    return {"type": "integer", **set_limits, **bounds}


def flag(default: bool | None = None) -> Schema:
    """A boolean."""
    return {"type": "boolean", **({} if default is None else {"default": default})}


def root(spec: Schema, status: Schema) -> Schema:
    """The schema of one version of a kind."""
    return fields(spec=spec, status=status)


def plain_status() -> Schema:
    """The status that AKO writes to most of its kinds."""
    return fields(error=text(), status=text())
