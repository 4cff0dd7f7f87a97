"""The record of one cluster in the store: read, checked and written.

A record that was just read or written is remembered for some minutes, since a rotation makes its
steps one after the other. Every write is a compare-and-set, so that one that is not current any
more costs a second read and nothing else. Passwords are then in the memory of this process, as
they are whenever it opens one.
"""

from __future__ import annotations

import collections
from typing import Final, NamedTuple

from akoo_avi.client.access import refusal

from akoo_core.plugin import api, clock, redaction, structs
from akoo_tenancy.journal import decide, record
from akoo_tenancy.journal.record import Owner, Record
from akoo_tenancy.store import api as stores
from akoo_tenancy.store import errors

REMEMBERED_SECONDS: Final = 600.0
REMEMBERED: Final = 256
KEPT_VERSIONS: Final = 12
"""Versions below the current one that are destroyed again, in case an earlier try failed."""


class _Known(NamedTuple):
    version: int
    record: Record | None
    at: float


class Memory:
    """The records that this process read last."""

    def __init__(self) -> None:
        self._known: collections.OrderedDict[str, _Known] = collections.OrderedDict()

    def get(self, name: str, now: float) -> _Known | None:
        """The record, if it is young enough."""
        known = self._known.get(name)
        return known if known is not None and now - known.at < REMEMBERED_SECONDS else None

    def put(self, name: str, known: _Known) -> None:
        """Remember a record, and forget the oldest."""
        self._known[name] = known
        self._known.move_to_end(name)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def forget(self, name: str) -> None:
        """Read it anew next time."""
        self._known.pop(name, None)


class Journal:
    """The record of one cluster. All methods raise StoreErrors; ``current`` is the last reading."""

    def __init__(self, name: str, store: stores.Store, memory: Memory, now: clock.Clock) -> None:
        self._name = name
        self._key = stores.record_key(name)
        self._store = store
        self._memory = memory
        self._clock = now
        self._version = 0
        self.current: Record | None = None

    async def read(self, *, fresh: bool = False) -> Record | None:
        """The record; None where there is none. ``fresh``: not from memory."""
        known = None if fresh else self._memory.get(self._name, self._clock.monotonic())
        if known is None:
            known = await self._read()
            self._memory.put(self._name, known)
        self._version, self.current = known.version, known.record
        return self.current

    async def _read(self) -> _Known:
        now = self._clock.monotonic()
        try:
            document = await self._store.read(self._key)
        except errors.AbsentError:
            return _Known(0, None, now)
        except errors.DeletedError as error:
            return _Known(error.version, None, now)
        return _Known(document.version, self._decoded(document.data), now)

    def _decoded(self, data: structs.JSON) -> Record:
        try:
            current = structs.convert(data, Record, path="record")
        except structs.DecodeError:
            raise self._unreadable("it is not as we wrote it") from None
        if current.name != self._name:
            raise self._unreadable("it names another cluster")
        if current.schema_version > record.SCHEMA_VERSION:
            raise self._unreadable("a newer release wrote it")
        for account in (current.active, *current.superseded):
            _mask(account.password if account is not None else "")
        _mask(current.pending.account.password if current.pending is not None else "")
        return current

    def _unreadable(self, problem: str) -> refusal.Refusal:
        return refusal.Refusal(
            "RecordUnreadable",
            f"The record {self._key} in the store cannot be used: {problem}. Restore an earlier "
            "version of it. AKO goes on with the account that it has.",
        )

    async def write(self, after: Record) -> None:
        """The next record, if nobody wrote since the last reading. Raises ConflictError."""
        self._memory.forget(self._name)
        version = await self._store.write(
            self._key, structs.to_object(after), expected=self._version
        )
        self._version, self.current = version, after
        self._memory.put(self._name, _Known(version, after, self._clock.monotonic()))

    async def destroy_older(self) -> None:
        """Destroy the values of versions before the current one: they hold former passwords."""
        first = max(1, self._version - KEPT_VERSIONS)
        await self._store.destroy(self._key, range(first, self._version))

    async def destroy_all_older(self) -> None:
        """The same for every version that the store knows."""
        metadata = await self._store.metadata(self._key)
        await self._store.destroy(self._key, metadata.below(self._version))

    async def claimed(self, view: api.View) -> Record | None:
        """The record, if it is ours or was handed over to us; then with our epoch.

        Raises Refusal (ForeignRecord, NewerRecord).
        """
        current = await self.read()
        if current is None:
            return None
        us = owner(view)
        verdict = decide.ownership(current, us, before(view))
        if isinstance(verdict, decide.Theirs):
            raise _theirs(self._key, verdict)
        if current.owner != us:
            await self.write(record.taken_over(current, us))
        return self.current


def _mask(password: str) -> None:
    if password:
        redaction.register(password)


def owner(view: api.View) -> Owner:
    """Ourselves."""
    return Owner(management_id=view.spec.management_id, epoch=view.spec.epoch)


def before(view: api.View) -> Owner | None:
    """The management cluster that handed this one over."""
    handover = view.spec.handover
    if handover is None:
        return None
    return Owner(management_id=handover.management_id, epoch=handover.epoch)


def owners(view: api.View) -> frozenset[str]:
    """Management ids whose users of this record are ours."""
    former = before(view)
    return frozenset({owner(view).management_id, *({former.management_id} if former else ())})


def _theirs(key: stores.Key, verdict: decide.Theirs) -> refusal.Refusal:
    who = f"management cluster {verdict.owner.management_id}, epoch {verdict.owner.epoch}"
    if verdict.newer:
        return refusal.Refusal(
            "NewerRecord",
            f"The record {key} in the store belongs to {who}, which is later than this "
            "AKODeployment. It was restored from a backup: hand it over with akoo.io/adopt.",
        )
    return refusal.Refusal(
        "ForeignRecord",
        f"The record {key} in the store belongs to {who}. Hand the cluster over with "
        "akoo.io/adopt, or remove the record if that management cluster is gone.",
    )
