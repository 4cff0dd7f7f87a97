"""Admission of an object under the schema of a CustomResourceDefinition. Pure.

Covers the keywords that structural schemas of our plugins use: type, properties, items,
additionalProperties, required, default, enum, bounds of numbers, texts and lists, pattern, oneOf of
required fields, format date-time, x-kubernetes-preserve-unknown-fields. Order as on the server:
unknown fields go, defaults come, then the rest is judged.
"""

from __future__ import annotations

import copy
import datetime
import re
from collections.abc import Iterator
from typing import Any

from akoo_core import structs

_HEAD = ("apiVersion", "kind", "metadata")
_OPEN = "x-kubernetes-preserve-unknown-fields"
_NUMBERS = (("minimum", "less than"), ("maximum", "more than"))


def admit(schema: structs.JSON, obj: structs.JSON) -> tuple[structs.JSON, list[str], list[str]]:
    """``obj`` as it would be stored, the fields that were pruned, and the reasons of a refusal.

    Both lists name paths; an object that is accepted as it is has two empty ones.
    """
    body = {key: value for key, value in obj.items() if key not in _HEAD}
    pruned: list[str] = []
    stored = _filled(schema, _known(schema, body, "", pruned))
    head = {key: obj[key] for key in _HEAD if key in obj}
    return head | stored, pruned, list(_refusals(schema, stored, ""))


def _known(schema: structs.JSON, value: Any, path: str, pruned: list[str]) -> Any:
    """A copy of ``value`` without the fields that ``schema`` does not know."""
    if isinstance(value, list):
        items = schema.get("items") or {}
        return [_known(items, item, f"{path}[{i}]", pruned) for i, item in enumerate(value)]
    if not isinstance(value, dict) or schema.get("type", "object") != "object":
        return copy.deepcopy(value)
    kept: dict[str, Any] = {}
    for name, inner in value.items():
        below = _field(schema, name)
        where = f"{path}.{name}".lstrip(".")
        if below is None:
            pruned.append(where)
        elif inner is not None or below.get("nullable"):
            kept[name] = _known(below, inner, where, pruned)
    return kept


def _field(schema: structs.JSON, name: str) -> structs.JSON | None:
    """The schema of a field; None for one that is not kept."""
    properties: structs.JSON = schema.get("properties") or {}
    if name in properties:
        field: structs.JSON = properties[name]
        return field
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        return more
    return {_OPEN: True} if more or schema.get(_OPEN) else None


def _filled(schema: structs.JSON, value: Any) -> Any:
    """``value`` with the defaults of ``schema``."""
    if isinstance(value, list):
        return [_filled(schema.get("items") or {}, item) for item in value]
    if not isinstance(value, dict):
        return value
    filled = dict(value)
    for name, inner in (schema.get("properties") or {}).items():
        if name not in filled and "default" in inner:
            filled[name] = copy.deepcopy(inner["default"])
    return {name: _filled(_field(schema, name) or {}, inner) for name, inner in filled.items()}


def _refusals(schema: structs.JSON, value: Any, path: str) -> Iterator[str]:
    where, kind = path or "object", schema.get("type")
    if kind is not None and not _is(kind, value):
        yield f"{where}: must be of type {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: must be one of {', '.join(map(str, schema['enum']))}"
    if isinstance(value, dict):
        yield from _of_object(schema, value, path)
    elif isinstance(value, list):
        yield from _of_list(schema, value, path)
    elif isinstance(value, str):
        yield from _of_text(schema, value, where)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _of_number(schema, value, where)


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    types: dict[str, tuple[type, ...]] = {
        "object": (dict,),
        "array": (list,),
        "string": (str,),
        "number": (int, float),
    }
    return isinstance(value, types.get(kind, ()))


def _of_object(schema: structs.JSON, value: structs.JSON, path: str) -> Iterator[str]:
    for name in schema.get("required") or ():
        if name not in value:
            yield f"{path}.{name}: is required".lstrip(".")
    groups = [rule["required"] for rule in schema.get("oneOf") or () if "required" in rule]
    if groups and sum(all(name in value for name in group) for group in groups) != 1:
        names = ", ".join(name for group in groups for name in group)
        yield f"{path or 'object'}: must have exactly one of {names}"
    for name, inner in value.items():
        yield from _refusals(_field(schema, name) or {}, inner, f"{path}.{name}".lstrip("."))


def _of_list(schema: structs.JSON, value: list[Any], path: str) -> Iterator[str]:
    if len(value) < schema.get("minItems", 0):
        yield f"{path}: must have at least {schema['minItems']} items"
    if len(value) > schema.get("maxItems", len(value)):
        yield f"{path}: must have at most {schema['maxItems']} items"
        return
    for index, inner in enumerate(value):
        yield from _refusals(schema.get("items") or {}, inner, f"{path}[{index}]")


def _of_text(schema: structs.JSON, value: str, where: str) -> Iterator[str]:
    if len(value) < schema.get("minLength", 0):
        yield f"{where}: must have at least {schema['minLength']} characters"
    if len(value) > schema.get("maxLength", len(value)):
        yield f"{where}: must have at most {schema['maxLength']} characters"
    elif "pattern" in schema and re.search(schema["pattern"], value) is None:
        yield f"{where}: must match {schema['pattern']}"
    if schema.get("format") == "date-time" and not _is_time(value):
        yield f"{where}: must be a date and time"


def _is_time(value: str) -> bool:
    try:
        structs.convert(value, datetime.datetime)
    except structs.DecodeError:
        return False
    return True


def _of_number(schema: structs.JSON, value: float, where: str) -> Iterator[str]:
    for keyword, wrong in _NUMBERS:
        limit = schema.get(keyword)
        if limit is not None and (value < limit if keyword == "minimum" else value > limit):
            yield f"{where}: must not be {wrong} {limit}"
