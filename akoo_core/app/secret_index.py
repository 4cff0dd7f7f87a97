"""Which records depend on which Secrets, as plugins say it."""

from __future__ import annotations

from collections.abc import Iterable

SecretName = tuple[str, str]
"""(namespace, name)."""


class SecretIndex:
    """Kept in memory: every record is looked at once after a start, which fills it."""

    def __init__(self) -> None:
        self._by_secret: dict[SecretName, set[str]] = {}
        self._by_record: dict[str, frozenset[SecretName]] = {}

    def note(self, record: str, secrets: Iterable[SecretName]) -> None:
        """From now on ``record`` depends on exactly these."""
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
