"""Merge patch (RFC 7396) and JSON patch (RFC 6902) on plain JSON values. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from akoo_core import structs


class PatchError(Exception):
    """The patch cannot be applied: a path is missing, or a test does not hold."""


def copied(value: Any) -> Any:
    """A deep copy of a JSON value; fails on what JSON cannot hold."""
    return structs.decode_json(structs.encode_json(value))


def merge_patch(document: Any, patch: Any) -> Any:
    """RFC 7396: null deletes a key, objects merge, everything else replaces."""
    if not isinstance(patch, Mapping):
        return copied(patch)
    merged = dict(document) if isinstance(document, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def json_patch(original: Any, operations: Sequence[Mapping[str, Any]]) -> Any:
    """RFC 6902, all operations but ``copy`` and ``move`` (the API server knows them; we do not).

    Raises PatchError; ``original`` is not changed.
    """
    document = copied(original)
    for operation in operations:
        tokens = _tokens(str(operation["path"]))
        if not tokens:
            raise PatchError("the whole document cannot be patched")
        parent = _parent(document, tokens)
        _apply(parent, tokens[-1], operation)
    return document


def _tokens(path: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _parent(document: Any, tokens: list[str]) -> Any:
    node = document
    for token in tokens[:-1]:
        node = _child(node, token)
    if not isinstance(node, dict | list):
        raise PatchError(f"path /{'/'.join(tokens)} does not exist")
    return node


def _child(node: Any, token: str) -> Any:
    if isinstance(node, dict) and token in node:
        return node[token]
    if isinstance(node, list) and token.isdecimal() and int(token) < len(node):
        return node[int(token)]
    raise PatchError(f"no member {token!r}: missing value")


def _apply(parent: Any, token: str, operation: Mapping[str, Any]) -> None:
    match operation["op"]:
        case "test":
            value = parent.get(token) if isinstance(parent, dict) else _child(parent, token)
            if value != operation.get("value"):
                raise PatchError(f"testing value {operation['path']} failed: test failed")
        case "remove":
            _child(parent, token)
            del parent[token if isinstance(parent, dict) else int(token)]
        case "replace":
            _child(parent, token)
            parent[token if isinstance(parent, dict) else int(token)] = copied(operation["value"])
        case "add":
            _add(parent, token, copied(operation["value"]))
        case other:
            raise PatchError(f"operation {other!r} is not known here")


def _add(parent: Any, token: str, value: Any) -> None:
    if isinstance(parent, dict):
        parent[token] = value
    elif token == "-":  # noqa: S105 the JSON pointer of "after the last"
        parent.append(value)
    elif token.isdecimal() and int(token) <= len(parent):
        parent.insert(int(token), value)
    else:
        raise PatchError(f"index {token!r} is outside the list")
