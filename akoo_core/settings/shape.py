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
            one
            for part in typing.get_args(kind)
            if part is not types.NoneType
            for one in alternatives(part)
        )
    return (kind,)


def struct_of(kind: Any) -> StructType | None:
    """The struct that a value of that type is, if it is one."""
    for one in alternatives(kind):
        if isinstance(one, type) and issubclass(one, structs.StrictStruct):
            return one
    return None


def element_of(kind: Any) -> Any:
    """The type of a list's elements or of a map's values; Any for everything else."""
    for one in alternatives(kind):
        arguments = typing.get_args(one)
        if typing.get_origin(one) is dict:
            return arguments[1]
        if typing.get_origin(one) in (tuple, list, frozenset, set):
            return arguments[0]
    return Any


def is_list(kind: Any) -> bool:
    """Whether a list is expected."""
    return any(
        typing.get_origin(one) in (tuple, list, frozenset, set) for one in alternatives(kind)
    )


def is_map(kind: Any) -> bool:
    """Whether free keys are expected."""
    return any(one is dict or typing.get_origin(one) is dict for one in alternatives(kind))


def takes_text(kind: Any) -> bool:
    """Whether text is expected (text itself, or one of some words)."""
    return any(
        one is str
        or (
            typing.get_origin(one) is Literal
            and all(isinstance(word, str) for word in typing.get_args(one))
        )
        for one in alternatives(kind)
    )


def plain(name: str) -> str:
    """``BIND_ADDRESS``, ``bindAddress`` and ``bind-address`` are one name in the environment."""
    return name.replace("_", "").replace("-", "").lower()
