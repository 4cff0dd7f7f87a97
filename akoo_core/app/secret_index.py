"""Records by the Secrets they depend on, as plugins name them."""

from __future__ import annotations

from collections.abc import Iterable

from akoo_core.plugin.api import SecretPair


class SecretIndex:
    """Kept in memory: the first attempt at each record after a start fills it."""

    def __init__(self) -> None:
        self._by_secret: dict[SecretPair, set[str]] = {}
        self._by_record: dict[str, frozenset[SecretPair]] = {}

    def note(self, record: str, secrets: Iterable[SecretPair]) -> None:
        """Set the Secrets that ``record`` depends on."""
        wanted = frozenset(secrets)
        before = self._by_record.pop(record, frozenset())
        if wanted:
            self._by_record[record] = wanted
        for gone in before - wanted:
            users = self._by_secret[gone]
            users.discard(record)
            if not users:
                del self._by_secret[gone]
        for new in wanted - before:
            self._by_secret.setdefault(new, set()).add(record)

    def records(self, namespace: str, name: str) -> tuple[str, ...]:
        """The records that depend on a Secret, sorted."""
        return tuple(sorted(self._by_secret.get((namespace, name), ())))
