"""Plain values from the bytes of an answer. Pure.

Whatever the bytes are, only structs.DecodeError is raised. An answer with more values than its
budget allows is refused before it is decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from akoo_core import structs
from akoo_core.kube.budget import DEPTH, Budget

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_OPENING = (b"[", b"{")
_MAPS = ("labels", "annotations")
_LISTS = ("finalizers", "ownerReferences", "managedFields")


class Metadata(structs.Struct, frozen=True, kw_only=True):
    """The metadata of any API object, as far as it is read here."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    deletion_timestamp: str | None = None
    creation_timestamp: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    finalizers: list[str] | None = None
    owner_references: list[structs.JSON] | None = None
    managed_fields: list[structs.JSON] | None = None


class ListMetadata(structs.Struct, frozen=True, kw_only=True):
    """The metadata of a list. ``token`` asks for the next page; "" on the last."""

    resource_version: str | None = ""
    token: str | None = structs.field(default="", name="continue")


class Listed(structs.Struct, frozen=True, kw_only=True):
    """One page of a list, its items not decoded yet."""

    metadata: ListMetadata = ListMetadata()
    items: list[structs.Raw] | None = None


def value_of(body: bytes, budget: Budget) -> Any:
    """The plain values of one answer, no deeper than DEPTH.

    Deeper values are refused; in an answer of a trusted server they are cut off, so that one object
    of a tenant does not hide all others of the management cluster.
    """
    _count(body, budget)
    try:
        value = structs.decode_json(body)
    except structs.DepthError:
        if not budget.trusted:
            raise
        value = structs.decode_json(_shallow(body))
    deep = body.count(b"{") + body.count(b"[") > DEPTH and _cut(value)
    if deep and not budget.trusted:
        raise structs.DepthError("", f"nested deeper than {DEPTH} levels")
    return value


def object_of(body: bytes, budget: Budget) -> structs.JSON:
    """``value_of`` an answer that must be a JSON object."""
    value = value_of(body, budget)
    if not isinstance(value, dict):
        raise structs.DecodeError("", "not a JSON object")
    return value


def kubernetes_object_of(body: bytes, budget: Budget) -> structs.JSON:
    """``object_of`` an answer that must be a Kubernetes object; see ``with_metadata``."""
    obj = object_of(body, budget)
    return obj if budget.trusted else with_metadata(obj)


def page_of(body: bytes, budget: Budget) -> Listed:
    """One page of a list; each of its items is for ``object_of``."""
    _count(body, budget)
    try:
        return structs.decode_as(body, Listed)
    except structs.DepthError:
        if not budget.trusted:
            raise
        return structs.decode_as(_shallow(body), Listed)


def with_metadata(obj: structs.JSON) -> structs.JSON:
    """``obj``, whose metadata has the types that Metadata names. Raises DecodeError if it has not.

    Empty maps and lists that a server writes as null are left out of it, as others leave them out.
    """
    metadata = obj.get("metadata")
    structs.convert(metadata, Metadata, path="metadata")
    for name in (*_MAPS, *_LISTS):
        if name in obj["metadata"] and obj["metadata"][name] is None:
            del obj["metadata"][name]
    return obj


def _count(body: bytes, budget: Budget) -> None:
    """Raise DecodeError for an answer beyond the budget."""
    if budget.trusted:
        return
    elements = body.count(b",") + body.count(b"[") + body.count(b"{")
    if elements > budget.elements:
        raise structs.DecodeError("", f"more than {budget.elements} values")


def _cut(value: Any) -> bool:
    """Empty the values deeper than DEPTH, in place. Return True if there were any."""
    level = [value]
    for _ in range(DEPTH):
        level = [child for node in level for child in _inside(node)]
        if not level:
            return False
    for node in level:
        node.clear()
    return True


def _inside(node: Any) -> Iterator[Any]:
    """The lists and objects directly in ``node``."""
    children = node.values() if type(node) is dict else node if type(node) is list else ()
    return (child for child in children if type(child) is dict or type(child) is list)


def _shallow(body: bytes) -> bytes:
    """JSON text with null in place of all values deeper than DEPTH, without recursion."""
    parts: list[bytes] = []
    depth = start = 0
    for match in _TOKEN.finditer(body):
        token = match.group()
        if token in _OPENING:
            depth += 1
            if depth == DEPTH + 1:
                parts += [body[start : match.start()], b"null"]
        elif not token.startswith(b'"'):
            depth -= 1
            if depth == DEPTH:
                start = match.end()
    return b"".join((*parts, body[start:]))
