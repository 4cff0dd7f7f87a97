"""Named indexes over the objects of a store: from a value to the keys that have it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from akoo_core.kube import client

IndexFunction = Callable[[client.Object], Iterable[str]]
"""Pure: the values under which an object is listed."""

Values = Mapping[str, frozenset[str]]
"""By index name, the values of one object."""

_log = logging.getLogger(__name__)


class NamespacedName(NamedTuple):
    """Key of an object in a store. ``namespace`` is "" for kinds without namespaces."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class UnknownIndexError(LookupError):
    """A lookup by an index that the store was not made with: a mistake in the code."""


class Indexes:
    """Several named indexes, always changed together."""

    def __init__(self, functions: Mapping[str, IndexFunction]) -> None:
        self._functions = dict(functions)
        self._keys: dict[str, dict[str, set[NamespacedName]]] = {name: {} for name in functions}

    def values_of(self, key: NamespacedName, obj: client.Object) -> Values:
        """The values of one object. A function that fails on it is logged and adds none."""
        values: dict[str, frozenset[str]] = {}
        for name, function in self._functions.items():
            try:
                values[name] = frozenset(function(obj))
            except Exception:  # noqa: BLE001 - one odd object must not stop the whole kind
                _log.exception("index %s failed on %s %s", name, obj.get("kind", ""), key)
                values[name] = frozenset()
        return values

    def update(self, key: NamespacedName, old: Values, new: Values) -> None:
        """Replace the values ``old`` of ``key`` by ``new`` ({} is none)."""
        for name, by_value in self._keys.items():
            before = old.get(name, frozenset())
            after = new.get(name, frozenset())
            for value in before - after:
                keys = by_value[value]
                keys.discard(key)
                if not keys:
                    del by_value[value]
            for value in after - before:
                by_value.setdefault(value, set()).add(key)

    def keys(self, index: str, value: str) -> tuple[NamespacedName, ...]:
        """The keys under ``value``, sorted. Raises UnknownIndexError."""
        return tuple(sorted(self._by_value(index).get(value, ())))

    def count(self, index: str, value: str) -> int:
        """Number of keys under ``value``. Raises UnknownIndexError."""
        return len(self._by_value(index).get(value, ()))

    def _by_value(self, index: str) -> dict[str, set[NamespacedName]]:
        if index not in self._keys:
            known = ", ".join(sorted(self._keys)) or "none"
            raise UnknownIndexError(f"no index {index!r}; there is: {known}")
        return self._keys[index]
