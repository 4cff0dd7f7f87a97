"""Values of Kubernetes' own types, compared with its fields; pure.

A server would refuse the StatefulSet alone: AKO would run on, beside a ConfigMap that it has not
read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from akoo_ako.chart import kubernetes
from akoo_ako.refusals.pod import is_port_name, quantity
from akoo_ako.refusals.refusal import Refusal, invalid
from akoo_core.plugin import errors

_MOST: Final = 2**31 - 1
LAST_PORT: Final = 65_535
_WORDS: Final = {
    kubernetes.TEXT: "a text",
    kubernetes.FLAG: "true or false",
    kubernetes.NUMBER: f"a whole number from 0 to {_MOST}",
    kubernetes.PORT: "a port from 1 to 65535, or the name of one",
    kubernetes.QUANTITY: "a quantity such as 400Mi",
}


def problems(value: object, kind: str, where: str) -> Iterator[Refusal]:
    """A Refusal for each part that is not as the type wants it. ``where``: its path."""
    if kind in _WORDS:
        if not _is(kind, value):
            yield invalid(where, f"is not {_WORDS[kind]}.")
    elif kind.startswith("["):
        if not isinstance(value, list):
            yield invalid(where, "is not a list.")
            return
        for number, entry in enumerate(value):
            yield from problems(entry, kind[1:-1], f"{where}[{number}]")
    elif not isinstance(value, dict):
        yield invalid(where, "is not an object.")
    elif kind.startswith("{"):
        for key, entry in value.items():
            yield from problems(entry, kind[1:-1], f"{where}.{key}")
    else:
        yield from _of_object(value, kind, where)


def _of_object(value: dict[str, Any], kind: str, where: str) -> Iterator[Refusal]:
    fields = kubernetes.FIELDS[kind]
    for key, entry in value.items():
        if key not in fields:
            near = errors.near(key, fields)
            yield invalid(f"{where}.{key}", f"is no field of a {kind} that is taken here.{near}")
        elif entry is not None:
            yield from problems(entry, fields[key], f"{where}.{key}")
    for key in kubernetes.REQUIRED.get(kind, ()):
        if value.get(key) in (None, "", []):
            yield invalid(f"{where}.{key}", f"is not there. Each {kind} has one.")
    yield from _by_rules(value, kind, where)


def _by_rules(value: dict[str, Any], kind: str, where: str) -> Iterator[Refusal]:
    for (owner, key), choices in kubernetes.CHOICES.items():
        if owner == kind and value.get(key) not in (None, "", *choices):
            yield invalid(f"{where}.{key}", f"{value[key]!r} is none of {', '.join(choices)}.")
    for (owner, key), names in kubernetes.KEYS.items():
        listed = value.get(key) if owner == kind else None
        if isinstance(listed, list) and all(isinstance(each, dict) for each in listed):
            yield from _twice(listed, names, f"{where}.{key}")
    single = kubernetes.EXACTLY_ONE.get(kind, frozenset())
    if single and len([key for key in single if value.get(key) is not None]) != 1:
        yield invalid(where, f"has not exactly one of {', '.join(sorted(single))}.")


def _twice(listed: list[dict[str, Any]], names: tuple[str, ...], where: str) -> Iterator[Refusal]:
    seen = []
    for number, entry in enumerate(listed):
        key = [entry.get(name) or ("TCP" if name == "protocol" else "") for name in names]
        if key in seen:
            shown = ", ".join(str(part) for part in key)
            yield invalid(f"{where}[{number}]", f"{shown} is there twice. A server keeps one.")
        seen.append(key)


def canonical(value: Any, kind: str) -> Any:
    """The value as a server returns it: without what it leaves out. Else it would differ for
    ever."""
    if kind.startswith("[") and isinstance(value, list):
        return [canonical(entry, kind[1:-1]) for entry in value]
    if kind not in kubernetes.FIELDS or not isinstance(value, dict):
        return value
    fields, dropped = kubernetes.FIELDS[kind], kubernetes.LEFT_OUT.get(kind, frozenset())
    return {
        key: canonical(entry, fields.get(key, ""))
        for key, entry in value.items()
        if entry or key not in dropped
    }


def _is(kind: str, value: object) -> bool:
    if kind == kubernetes.TEXT:
        return isinstance(value, str)
    if kind == kubernetes.FLAG:
        return isinstance(value, bool)
    if kind == kubernetes.QUANTITY:
        return quantity(value) is not None
    if isinstance(value, str):
        return kind == kubernetes.PORT and is_port_name(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    return 1 <= value <= LAST_PORT if kind == kubernetes.PORT else 0 <= value <= _MOST
