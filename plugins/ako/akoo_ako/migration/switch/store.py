"""The journal in the operator's namespace. Thin."""

from __future__ import annotations

from collections.abc import Iterable

from akoo_ako.migration.switch import journal
from akoo_ako.migration.switch.journal import Entry, Journal, Part, Phase
from akoo_core.plugin import errors, structs
from akoo_core.plugin.kube import (
    CONFIG_MAPS,
    AlreadyExistsError,
    ConflictError,
    KubeClient,
    NotFoundError,
)

PAGES = 20
"""Pages of the list of its ConfigMaps."""


class Store:
    """Reads and writes the journal. Two commands at once: the second one fails."""

    def __init__(self, kube: KubeClient, namespace: str) -> None:
        self._kube = kube
        self._namespace = namespace

    async def read(self) -> Journal:
        """All of it. Raises InputError for a journal that cannot be used."""
        stored: list[structs.JSON] = []
        token = ""
        for _ in range(PAGES):
            page = await self._kube.list(
                CONFIG_MAPS, self._namespace, label_selector=journal.LABEL, token=token
            )
            stored += page.items
            token = page.token
            if not token:
                return journal.read(stored)
        raise errors.InputError(f"namespace {self._namespace} has too many parts of a journal")

    async def add(self, current: Journal, entries: Iterable[Entry]) -> Journal:
        """The journal with these entries, which are written."""
        parts = journal.with_entries(current, entries)
        for part in parts:
            await self._write(part)
        return await self.read() if parts else current

    async def enter(self, current: Journal, phase: Phase) -> Journal:
        """The journal in ``phase``, which is written."""
        first = current.parts[0]
        if first.phase != phase:
            await self._write(structs.replace(first, phase=phase))
        return await self.read()

    async def mark(self, current: Journal, stopped: str | None) -> Journal:
        """The journal with the Deployments that are stopped, which is written; None: they may
        run."""
        first = current.parts[0] if current.parts else Part(index=0)
        if first.stopped == stopped:
            return current
        await self._write(structs.replace(first, stopped=stopped))
        return await self.read()

    async def remove(self, current: Journal) -> None:
        """Delete all of it, the first part last: while it is there, its phase is."""
        for part in reversed(current.parts):
            if part.stored is None:
                continue
            try:
                await self._kube.delete(
                    CONFIG_MAPS, part.name, self._namespace, uid=part.stored["metadata"]["uid"]
                )
            except NotFoundError:
                continue

    async def _write(self, part: Part) -> None:
        obj = journal.written(part, self._namespace)
        try:
            if part.stored is None:
                await self._kube.create(CONFIG_MAPS, obj, self._namespace)
            else:
                await self._kube.replace(CONFIG_MAPS, obj)
        except (AlreadyExistsError, ConflictError) as error:
            raise errors.AkooError(
                f"ConfigMap {self._namespace}/{part.name} was written meanwhile: another "
                "migrate-akoo runs. Wait for its end, and run this again"
            ) from error
        except NotFoundError as error:
            if part.stored is not None:
                raise errors.AkooError(
                    f"ConfigMap {self._namespace}/{part.name} was deleted meanwhile. It holds what "
                    "the way back needs: restore it from a backup"
                ) from error
            raise errors.InputError(
                f"there is no namespace {self._namespace}, which keeps what the way back needs "
                f"(settings operatorNamespace). Create it: kubectl create namespace "
                f"{self._namespace}"
            ) from error
