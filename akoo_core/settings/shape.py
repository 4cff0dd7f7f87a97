"""Types of settings as the readers of settings see them: structs, maps, lists, text. Pure."""

from __future__ import annotations

import types
import typing
from typing import Annotated, Any, Literal

from akoo_core import structs

StructType = type[structs.StrictStruct]


def alternatives(kind: Any) -> tuple[Any, ...]:
    """The members of a union without None; annotations are taken off."""
    if typing.get_origin(kind) is Annotated:
        return alternatives(typing.get_args(kind)[0])
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return tuple(
            alternative
            for part in typing.get_args(kind)
            if part is not types.NoneType
            for alternative in alternatives(part)
        )
    return (kind,)


def struct_of(kind: Any) -> StructType | None:
    """The struct that a value of that type is, if it is one."""
    for alternative in alternatives(kind):
        if isinstance(alternative, type) and issubclass(alternative, structs.StrictStruct):
            return alternative
    return None


def structs_below(struct: StructType) -> tuple[StructType, ...]:
    """The struct and those that its fields hold at any depth, each once."""
    known = {struct: None}
    waiting = [struct]
    while waiting:
        for field in structs.fields(waiting.pop()):
            below = [leaf for leaf in _leaves(field.type) if _is_struct(leaf) and leaf not in known]
            known.update(dict.fromkeys(below))
            waiting += below
    return tuple(known)


def is_structured(kind: Any) -> bool:
    """True where a value of that type is made of structs, and of nothing else."""
    return all(_is_struct(leaf) for leaf in _leaves(kind))


def _leaves(kind: Any) -> tuple[Any, ...]:
    """The alternatives of a type, of the elements of its lists and of the values of its maps."""
    return tuple(
        leaf
        for alternative in alternatives(kind)
        for leaf in (
            _leaves(element_of(alternative))
            if is_list(alternative) or is_map(alternative)
            else (alternative,)
        )
    )


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, structs.StrictStruct)


def element_of(kind: Any) -> Any:
    """The type of a list's elements or of a map's values; Any for everything else."""
    for alternative in alternatives(kind):
        arguments = typing.get_args(alternative)
        if typing.get_origin(alternative) is dict:
            return arguments[1]
        if typing.get_origin(alternative) in (tuple, list, frozenset, set):
            return arguments[0]
    return Any


def is_list(kind: Any) -> bool:
    """True where a list is expected."""
    return any(
        typing.get_origin(alternative) in (tuple, list, frozenset, set)
        for alternative in alternatives(kind)
    )


def is_map(kind: Any) -> bool:
    """True where a map with free keys is expected."""
    return any(
        alternative is dict or typing.get_origin(alternative) is dict
        for alternative in alternatives(kind)
    )


def takes_text(kind: Any) -> bool:
    """True where text is expected (any text, or one of some words)."""
    return any(
        alternative is str
        or (
            typing.get_origin(alternative) is Literal
            and all(isinstance(word, str) for word in typing.get_args(alternative))
        )
        for alternative in alternatives(kind)
    )


def plain(name: str) -> str:
    """``BIND_ADDRESS``, ``bindAddress`` and ``bind-address`` are one name in the environment."""
    return name.replace("_", "").replace("-", "").lower()
