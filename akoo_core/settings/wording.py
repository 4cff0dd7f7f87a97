"""Problems of values, in words of the file's author instead of the decoder's. Pure."""

from __future__ import annotations

import re
import typing
from typing import Any, Literal

from akoo_core import errors, structs
from akoo_core.settings import shape

_TYPES = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list, such as [a, b]",
    "object": "a mapping (key: value)",
    "null": "nothing",
}
_FOUND = _TYPES | {"array": "a list", "object": "a mapping"}
_BOUNDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}

_ENUM = re.compile(r"^Invalid enum value (?P<value>.*)$", re.DOTALL)
_MISMATCH = re.compile(r"^Expected `(?P<wanted>[^`]*)`, got `(?P<found>[^`]*)`$")
_BOUND = re.compile(r"^Expected `(?:int|float)` (?P<sign>[<>]=?) (?P<limit>\S+)$")
_PATTERN = re.compile(r"^Expected `str` matching regex (?P<pattern>'.*')$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<name>[^`]*)`$")


def translate(problem: str, expected: Any) -> str:
    """``problem`` of the decoder about a value of the type ``expected``, for people.

    What is not known stays as it is.
    """
    if match := _ENUM.match(problem):
        words = [str(word) for word in allowed(expected)]
        near = errors.near(match["value"].strip("'\"").lower(), words)
        return f"must be one of {', '.join(words)}, not {match['value']}.{near}"
    if match := _MISMATCH.match(problem):
        actual = _FOUND.get(match["found"], match["found"])
        return f"must be {_any_of(match['wanted'], expected)}, not {actual}"
    if match := _BOUND.match(problem):
        return f"must be {_BOUNDS[match['sign']]} {match['limit'].removesuffix('.0')}"
    if match := _PATTERN.match(problem):
        return f"must match {match['pattern']}"
    if match := _MISSING.match(problem):
        return f"{match['name']} is missing"
    return problem


def allowed(expected: Any) -> tuple[Any, ...]:
    """The words that a value of the type may be, where it is one of some words."""
    return tuple(
        word
        for alternative in shape.alternatives(expected)
        if typing.get_origin(alternative) is Literal
        for word in typing.get_args(alternative)
    )


def _any_of(wanted: str, expected: Any) -> str:
    words = allowed(expected)
    if words:
        return f"one of {', '.join(map(str, words))}"
    kinds = (part.strip() for part in wanted.split("|"))
    return " or ".join(_TYPES.get(kind, kind) for kind in kinds if kind != "null")


def type_at(kind: Any, path: str) -> Any:
    """The type of the value at ``path`` (``health.port``, ``a[0].b``) below one of type ``kind``.

    Any where the path leads nowhere.
    """
    for step in filter(None, re.split(r"[.\[]", path)):
        struct = shape.struct_of(kind)
        if step.endswith("]") or struct is None:
            kind = shape.element_of(kind)
            continue
        kind = next((field.type for field in structs.fields(struct) if field.key == step), Any)
    return kind
