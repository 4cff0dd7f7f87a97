"""Label and field selectors as the API server reads them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Predicate = Callable[[dict[str, Any]], bool]

_SET = re.compile(r"^(?P<key>[^\s!=,()]+)\s+(?P<op>in|notin)\s+\((?P<values>[^)]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^\s!=]+)\s*(?P<op>==|=|!=)\s*(?P<value>\S*)$")
_EXISTS = re.compile(r"^(?P<absent>!?)\s*(?P<key>[^\s!=,()]+)$")


def matcher(label_selector: str, field_selector: str) -> Predicate:
    """A predicate that is true for objects of both selectors. Raises ValueError on other text."""
    labels = [_label_term(term) for term in _terms(label_selector)]
    fields = [_field_term(term) for term in _terms(field_selector)]

    def matches(obj: dict[str, Any]) -> bool:
        of_obj = obj["metadata"].get("labels") or {}
        return all(term(of_obj) for term in labels) and all(term(obj) for term in fields)

    return matches


def _terms(selector: str) -> list[str]:
    # Commas inside parentheses separate values, not terms.
    return [term.strip() for term in re.split(r",(?![^(]*\))", selector) if term.strip()]


def _label_term(term: str) -> Predicate:
    if match := _SET.match(term):
        key, values = match["key"], {value.strip() for value in match["values"].split(",")}
        if match["op"] == "in":
            return lambda labels: key in labels and labels[key] in values
        return lambda labels: key not in labels or labels[key] not in values
    if match := _EQUAL.match(term):
        key, value = match["key"], match["value"]
        if match["op"] == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if match := _EXISTS.match(term):
        key, absent = match["key"], bool(match["absent"])
        return lambda labels: (key in labels) is not absent
    raise ValueError(f"unable to parse requirement: {term!r}")


def _field_term(term: str) -> Predicate:
    match = _EQUAL.match(term)
    if not match:
        raise ValueError(f"invalid selector: {term!r}")
    path, value, negated = match["key"].split("."), match["value"], match["op"] == "!="

    def matches(obj: dict[str, Any]) -> bool:
        node: Any = obj
        for part in path:
            node = node.get(part) if isinstance(node, dict) else None
        return (str(node if node is not None else "") == value) is not negated

    return matches
