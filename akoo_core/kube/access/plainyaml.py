"""YAML limited to what JSON can express, for untrusted text. Pure.

With aliases a few hundred bytes can expand to gigabytes; tags make objects; numbers and dates cost
time. A kubeconfig that a program wrote has none of these.
"""

from __future__ import annotations

from typing import Any

import yaml

DEPTH = 16
"""Levels of mappings and lists; a kubeconfig has five."""
NODES = 4096
"""Values and keys; a kubeconfig has about forty."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTANTS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}


class NotPlainError(Exception):
    """The text is not YAML, or not plain. The message names the problem and quotes nothing."""


def load(text: bytes) -> Any:
    """Mappings with text keys, lists, text, booleans and None; numbers stay text.

    Raises NotPlainError.
    """
    try:
        return _Builder().built(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # The parser quotes the text around a mistake, which could be a key: not chained.
        raise NotPlainError(type(error).__name__) from None


class _Builder:
    """Builds the value from the parser's events, without recursion."""

    def __init__(self) -> None:
        self._open: list[list[Any]] = [[]]
        """The content of each open collection; keys and values of a mapping in turn."""
        self._nodes = 0
        self._documents = 0

    def built(self, text: bytes) -> Any:
        for event in yaml.parse(text, Loader=_LOADER):
            self._take(event)
        content = self._open[0]
        return content[0] if content else None

    def _take(self, event: Any) -> None:
        match event:
            case yaml.AliasEvent():
                raise NotPlainError("it has an alias")
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise NotPlainError("it has several documents")
            case yaml.ScalarEvent():
                self._begin(event)
                self._add(_scalar(event))
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._begin(event)
                self._open.append([])
                if len(self._open) > DEPTH:
                    raise NotPlainError(f"it is deeper than {DEPTH} levels")
            case yaml.SequenceEndEvent():
                self._add(self._open.pop())
            case yaml.MappingEndEvent():
                self._add(_mapping(self._open.pop()))

    def _begin(self, node: Any) -> None:
        self._nodes += 1
        if self._nodes > NODES:
            raise NotPlainError(f"it has more than {NODES} values")
        if node.anchor is not None:
            raise NotPlainError("it has an anchor")
        if node.tag is not None:
            raise NotPlainError("it has a tag")

    def _add(self, value: Any) -> None:
        self._open[-1].append(value)


def _scalar(event: yaml.ScalarEvent) -> Any:
    plain = event.style in (None, "")
    return _CONSTANTS.get(event.value, event.value) if plain else event.value


def _mapping(content: list[Any]) -> dict[str, Any]:
    keys, values = content[::2], content[1::2]
    if not all(isinstance(key, str) for key in keys):
        raise NotPlainError("a key is not text")
    if len(set(keys)) != len(keys):
        raise NotPlainError("a key comes twice")
    return dict(zip(keys, values, strict=True))
