"""Passes changes of Secrets on to the controllers of plugins."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator

from akoo_core.plugin.errors import describe

_log = logging.getLogger(__name__)

Listener = Callable[[str, str], None]
"""Called with (namespace, name); must not block."""


class SecretChanges:
    """Changes of Secrets, from the watches of the core to the listeners.

    The core follows Secrets in the allowed namespaces, and those that carry Cluster API's label of
    a cluster. Changes without a listener are dropped: a controller that starts reconciles
    everything.
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    @contextlib.contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """Call ``listener`` for each change while the body runs."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def changed(self, namespace: str, name: str) -> None:
        """Call the listeners for a Secret that came, changed or went. One that fails is logged."""
        for listener in tuple(self._listeners):
            try:
                listener(namespace, name)
            except Exception as error:  # noqa: BLE001 - one listener must not stop the others
                _log.error(
                    "a change of a Secret was not handled",
                    extra={"secret": f"{namespace}/{name}", "error": describe(error)},
                )
