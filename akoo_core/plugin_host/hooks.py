"""The hook specifications as values: the arguments and the answers of each hook."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping
from typing import Any, NamedTuple

from akoo_core.plugin import api


class Hook(NamedTuple):
    """One hook of :class:`api.Verbs`, read from its signature."""

    name: str
    arguments: tuple[str, ...]
    asynchronous: bool
    returns: tuple[type[Any], ...]
    """The classes an answer may have, NoneType among them where None is allowed."""

    def accepts(self, answer: object) -> bool:
        """True where the answer has one of the allowed types."""
        return isinstance(answer, self.returns)

    @property
    def allowed(self) -> str:
        """The allowed types as a reader knows them: ``Done, Wait, Blocked or None``."""
        names = ["None" if kind is types.NoneType else kind.__name__ for kind in self.returns]
        return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _classes(annotation: Any) -> tuple[type[Any], ...]:
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return tuple(class_ for part in typing.get_args(annotation) for class_ in _classes(part))
    return (typing.get_origin(annotation) or annotation,)


def _read(name: str, function: types.FunctionType) -> Hook:
    return Hook(
        name=name,
        arguments=tuple(inspect.signature(function).parameters)[1:],
        asynchronous=inspect.iscoroutinefunction(function),
        returns=_classes(typing.get_type_hints(function)["return"]),
    )


HOOKS: Mapping[str, Hook] = {
    name: _read(name, function)
    for name, function in vars(api.Verbs).items()
    if inspect.isfunction(function)
}
"""Every hook by name, in the order of the reference."""
