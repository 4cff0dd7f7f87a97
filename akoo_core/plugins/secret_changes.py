"""Tells the controllers of plugins that a Secret changed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

Listener = Callable[[str, str], None]
"""Called with (namespace, name); must not block."""


class SecretChanges:
    """From the watches of the core to whoever works.

    The core follows Secrets in the allowed namespaces, and those that carry Cluster API's label of
    a cluster. Changes that nobody listens to are dropped: a controller that starts reconciles
    everything.
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    @contextlib.contextmanager
    def told(self, listener: Listener) -> Iterator[None]:
        """Call ``listener`` for each change while the body runs."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def changed(self, namespace: str, name: str) -> None:
        """A Secret came, changed or went."""
        for listener in tuple(self._listeners):
            listener(namespace, name)
