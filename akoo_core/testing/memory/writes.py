"""The way of an object into the store of an API server: create, update, apply, delete."""

from __future__ import annotations

import collections
import datetime
import functools
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from akoo_core.clock import Clock
from akoo_core.kube.request import ServerRequest
from akoo_core.testing.memory import apply, kinds, rules
from akoo_core.testing.memory import fields as memory_fields
from akoo_core.testing.memory.apply import (
    ApplyConflictError,
    Manager,
    Owners,
)
from akoo_core.testing.memory.patch import copied
from akoo_core.testing.memory.store import Key, Object, ServerStore, key_of

_PRECONDITIONS = {"uid": "UID", "resourceVersion": "ResourceVersion"}
"""Preconditions of a deletion, with the words of the server's refusal."""
_UID_NAMESPACE = uuid.UUID("5a7f4d0e-3f5b-4e0c-9c53-0c3a0a6b7d11")


@functools.lru_cache(maxsize=64)
def _text(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class _Known(NamedTuple):
    """The owners of one stored object, so that they are not read out of it at every write."""

    object: Object
    owners: Owners
    leaves: Mapping[memory_fields.Path, Any] | None = None
    """Of ``object``, where they were needed to write it."""


class Writes:
    """The write path of one server."""

    def __init__(
        self, store: ServerStore, clock: Clock, *, seed: str, namespaces_must_exist: bool
    ) -> None:
        self._store = store
        self._clock = clock
        self._seed = seed
        self._namespaces_must_exist = namespaces_must_exist
        self._made = collections.Counter[Key]()
        self._known: dict[Key, _Known] = {}

    def create(
        self, request: ServerRequest, obj: Object, manager: Manager, *, dry_run: bool = False
    ) -> Object:
        """Store a new object, or refuse."""
        key = key_of(request.resource, request.namespace, request.name or "")
        if not request.name:
            raise kinds.invalid(request, "metadata.name: Required value")
        if key in self._store.rows:
            message = f'{request.resource.qualified} "{request.name}" already exists'
            raise kinds.refusal(409, "AlreadyExists", message, request)
        self._check_namespace(request, key)
        fresh = self._fresh(request, key, obj, dry_run=dry_run)
        applied = manager.operation == "Apply"
        owners = (
            apply.apply({}, fresh, {}, manager, force=True).owners
            if applied
            else apply.after_update({}, fresh, {}, manager)
        )
        self._write_owners(fresh, owners, request)
        return fresh if dry_run else self._put(key, fresh, owners)

    def update(
        self,
        request: ServerRequest,
        change: Callable[[Object], Object],
        manager: Manager,
    ) -> Object:
        """Replace the object by ``change(object)`` as far as the rules allow.

        ``change`` leaves what it is given as it is.
        """
        key = key_of(request.resource, request.namespace, request.name or "")
        current = self.existing(request, key)
        after = rules.admitted(request, current, change(current))
        before, had = self._owners(key, current), self._leaves(key, current)
        base = current
        if after["metadata"].get("managedFields") != current["metadata"].get("managedFields"):
            # A writer may give fields to another manager.
            before = apply.read_owners(after)
            fields = after["metadata"].get("managedFields")
            base = {**current, "metadata": {**current["metadata"], "managedFields": fields}}
        has = memory_fields.leaves(after)
        owners = apply.after_change(had, has, before, manager)
        self._write_owners(after, owners, request, before=base, unchanged=before, writer=manager)
        return self._finish(key, current, after, owners, has)

    def apply(
        self,
        request: ServerRequest,
        obj: Object,
        manager: Manager,
        *,
        force: bool,
        dry_run: bool,
    ) -> Object:
        """Server-side apply; creates what is absent unless the body names a uid."""
        key = key_of(request.resource, request.namespace, request.name or "")
        if "managedFields" in obj["metadata"]:
            raise kinds.invalid(request, "metadata.managedFields must be nil", 400)
        current = self._store.rows.get(key)
        if current is None:
            if obj["metadata"].get("uid"):
                raise kinds.conflict(request, "uid mismatch: there is no existing object")
            if request.subresource:
                raise kinds.not_found(request)
            metadata = {k: v for k, v in obj["metadata"].items() if k != "resourceVersion"}
            return self.create(request, {**obj, "metadata": metadata}, manager, dry_run=dry_run)
        config = rules.applicable(request, obj)
        owners = self._owners(key, current)
        try:
            applied = apply.apply(current, config, owners, manager, force=force)
        except ApplyConflictError as error:
            raise kinds.refusal(409, "Conflict", str(error), request) from error
        after = rules.admitted(request, current, applied.object)
        self._write_owners(
            after, applied.owners, request, before=current, unchanged=owners, writer=manager
        )
        if dry_run:
            return {**after, "metadata": {**after["metadata"]}}
        return self._finish(key, current, after, applied.owners)

    def delete(
        self,
        request: ServerRequest,
        *,
        preconditions: Mapping[str, str],
        propagation: str,
        dry_run: bool = False,
    ) -> None:
        """Mark the object as deleting, and drop it when no finalizer holds it."""
        key = key_of(request.resource, request.namespace, request.name or "")
        current = self.existing(request, key)
        metadata = dict(current["metadata"])
        for field, label in _PRECONDITIONS.items():
            wanted, actual = preconditions.get(field), metadata[field]
            if wanted is not None and wanted != actual:
                why = f"Precondition failed: {label} in precondition: {wanted}, "
                raise kinds.conflict(request, f"{why}{label} in object meta: {actual}")
        if dry_run:
            return
        finalizers = list(metadata.get("finalizers") or [])
        extra = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}.get(propagation)
        if extra and extra not in finalizers:
            finalizers.append(extra)
        if not finalizers:
            self._store.remove(key, current)
            return
        if "deletionTimestamp" not in metadata:
            metadata |= {"deletionTimestamp": self._now(), "deletionGracePeriodSeconds": 0}
            if "generation" in metadata:
                metadata["generation"] += 1
        metadata["finalizers"] = finalizers
        if metadata != current["metadata"]:
            self._store.put(key, {**current, "metadata": metadata})

    def existing(self, request: ServerRequest, key: Key) -> Object:
        """The stored object, or 404."""
        existing = self._store.rows.get(key)
        if existing is None or (request.subresource and not kinds.has_status(request.resource)):
            raise kinds.not_found(request)
        return existing

    def _fresh(self, request: ServerRequest, key: Key, obj: Object, *, dry_run: bool) -> Object:
        fresh: Object = copied(obj)
        if fresh.get("metadata", {}).get("resourceVersion"):
            message = "resourceVersion should not be set on objects to be created"
            raise kinds.refusal(500, "InternalError", message, request)
        if kinds.has_status(request.resource):
            fresh.pop("status", None)
        metadata = {k: v for k, v in fresh["metadata"].items() if k not in rules.SERVER_FIELDS}
        metadata |= {
            "name": key.name,
            "uid": self._uid(key, dry_run=dry_run),
            "creationTimestamp": self._now(),
        }
        if key.namespace:
            metadata["namespace"] = key.namespace
        if kinds.has_generation(request.resource):
            metadata["generation"] = 1
        kind = {"apiVersion": request.resource.api_version, "kind": request.resource.kind}
        return {**kind, **fresh, **kind, "metadata": metadata}

    def _uid(self, key: Key, *, dry_run: bool) -> str:
        """The uid of a new object.

        It depends on how many there were of that name before, and not on what else was written:
        the same objects have the same uids, in whatever order they were made. Nothing that is
        stored ever has the uid of a dry run.
        """
        if not dry_run:
            self._made[key] += 1
        text = "/".join((self._seed, *key, "dry run" if dry_run else str(self._made[key])))
        return str(uuid.uuid5(_UID_NAMESPACE, text))

    def _check_namespace(self, request: ServerRequest, key: Key) -> None:
        if not self._namespaces_must_exist or not request.resource.namespaced:
            return
        home = self._store.rows.get(Key("", "namespaces", "", key.namespace))
        if home is None:
            message = f'namespaces "{key.namespace}" not found'
            raise kinds.refusal(404, "NotFound", message, request)
        if "deletionTimestamp" in home["metadata"]:
            message = f'{request.resource.qualified} "{key.name}" is forbidden: unable to create '
            message += f"new content in namespace {key.namespace} because it is being terminated"
            raise kinds.refusal(403, "Forbidden", message, request)

    def _owners(self, key: Key, current: Object) -> Owners:
        """The owners of the stored object's fields, read from it where another way wrote it."""
        known = self._known.get(key)
        if known is not None and known.object is current:
            return known.owners
        return apply.read_owners(current)

    def _leaves(self, key: Key, current: Object) -> Mapping[memory_fields.Path, Any]:
        known = self._known.get(key)
        if known is not None and known.object is current and known.leaves is not None:
            return known.leaves
        return memory_fields.leaves(current)

    def _put(
        self,
        key: Key,
        obj: Object,
        owners: Owners,
        leaves: Mapping[memory_fields.Path, Any] | None = None,
    ) -> Object:
        stored = self._store.put(key, obj)
        self._known[key] = _Known(stored, owners, leaves)
        return stored

    def _finish(
        self,
        key: Key,
        current: Object,
        after: Object,
        owners: Owners,
        leaves: Mapping[memory_fields.Path, Any] | None = None,
    ) -> Object:
        if after == current:
            return current
        metadata = after["metadata"]
        if "deletionTimestamp" in metadata and not metadata.get("finalizers"):
            return self._store.remove(key, after)
        return self._put(key, after, owners, leaves)

    def _write_owners(
        self,
        obj: Object,
        owners: Owners,
        request: ServerRequest,
        *,
        before: Object | None = None,
        unchanged: Owners | None = None,
        writer: Manager | None = None,
    ) -> None:
        """managedFields of ``owners``; an entry that did not change keeps its time.

        That of ``writer`` has the time of its last change, of values as well as of fields.
        ``unchanged`` are the owners that ``before`` tells."""
        old = {
            Manager(e["manager"], e["operation"], e.get("subresource", "")): e
            for e in (before or {"metadata": {}})["metadata"].get("managedFields") or []
        }
        entries = []
        written = writer if before is not None and _differ(before, obj) else None
        for manager, paths in owners.items():
            if manager == written:
                entries.append(self._entry(manager, memory_fields.to_fields_v1(paths), request))
                continue
            if unchanged is not None and unchanged.get(manager) == paths:
                entries.append(old[manager])
                continue
            fields = memory_fields.to_fields_v1(paths)
            entry = old.get(manager)
            if entry is None or entry["fieldsV1"] != fields:
                entry = self._entry(manager, fields, request)
            entries.append(entry)
        obj["metadata"]["managedFields"] = entries

    def _entry(
        self, manager: Manager, fields: dict[str, Any], request: ServerRequest
    ) -> dict[str, Any]:
        entry = {
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": request.resource.api_version,
            "time": self._now(),
            "fieldsType": "FieldsV1",
            "fieldsV1": fields,
        }
        return entry | ({"subresource": manager.subresource} if manager.subresource else {})

    def _now(self) -> str:
        return _text(self._clock.now().replace(microsecond=0))


def _differ(before: Object, after: Object) -> bool:
    """They differ in more than managedFields."""
    return {**before, "metadata": _plain(before)} != {**after, "metadata": _plain(after)}


def _plain(obj: Object) -> Object:
    return {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
