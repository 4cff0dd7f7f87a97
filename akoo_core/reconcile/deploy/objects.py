"""Reads, applies, compares and deletes single objects in a workload cluster. Thin."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from typing import Any

from akoo_core import structs
from akoo_core.kube import crds, errors, listing
from akoo_core.kube import resource as resources
from akoo_core.kube.client import FIELD_MANAGER, KubeClient
from akoo_core.objects import names
from akoo_core.plugin.errors import BlockedError
from akoo_core.reconcile.deploy import adoption, definitions, drift, inventory, kinds

FOREIGN_OBJECT = "ForeignObject"
"""Condition reason of a plugin that wants an object which somebody else made."""
ESTABLISHED_TRIES = 20
ESTABLISHED_SECONDS = 0.1
"""Between two looks at new CRDs; they are usually Established at the first."""
UNFIT_PAGES, UNFIT_PAGE = 5, 100
"""So many objects are looked at before the schema of their kind is replaced."""
FOREIGN_NAMED = 10
"""So many objects that are in the way are named."""
NOTHING = "1"
"""The resourceVersion that no object has: an apply with it creates, or is a conflict."""
DEFINITION_PAGES = 20
"""Pages of 100 in the list of all CRDs. With more CRDs, each is read alone."""


class WorkloadObjects:
    """The objects of one record in one workload cluster."""

    def __init__(
        self, record_name: str, client: KubeClient, adopts: adoption.Uids | None = None
    ) -> None:
        self._record = record_name
        self._adopts = adopts or {}
        self._client = client
        self._kinds = kinds.Kinds(client)

    async def read(self, api_version: str, key: inventory.ObjectKey) -> structs.JSON | None:
        """The object in the cluster; None when it does not exist."""
        try:
            resource = await self._kinds.find(api_version, key.kind)
            obj = await self._client.get(resource, key.name, key.namespace or None)
        except errors.NotFoundError:
            return None
        if key.kind == "CustomResourceDefinition":
            crds.definition_of(obj)
        return obj

    def in_the_way(self, wanted: inventory.WantedObject, existing: structs.JSON | None) -> str:
        """Reason why ``existing`` must not be replaced by ``wanted``; "" if it may."""
        if existing is None or wanted.shared or self.is_ours(existing):
            return ""
        owner = (existing["metadata"].get("labels") or {}).get(names.RECORD_LABEL)
        if owner is None and self._adopts.get(wanted.key) == existing["metadata"]["uid"]:
            return ""
        whose = f"belongs to record {owner}" if owner else "was not made by akoo-core"
        return f"{wanted.key} exists in the workload cluster and {whose}"

    async def put(
        self,
        wanted: inventory.WantedObject,
        manifest: structs.JSON,
        existing: structs.JSON | None,
        *,
        adopting: bool = False,
    ) -> structs.JSON:
        """Apply ``manifest`` over ``existing``. Raises BlockedError for an object that is not
        ours, WorkloadConflictError for a Secret that was changed since it was read.

        ``adopting``: it is taken over first, if it is not ours yet. Then it is applied to exactly
        the version that was looked at, and only if that changes nothing that matters.
        """
        resource = await self._kinds.find(wanted.api_version, wanted.key.kind)
        foreign = self.in_the_way(wanted, existing)
        if foreign:
            raise foreign_error([foreign])
        if existing is not None and adopting:
            existing = await self._taken_over(wanted, manifest, existing)
            if paths := await self.changes(wanted, manifest, existing):
                raise adoption.refusal({wanted.key: paths})
            manifest = _over(manifest, existing)
        if existing is not None and not self.is_ours(existing):
            manifest = inventory.marked_as(manifest, existing)
        if wanted.secret is not None:
            manifest = _over(manifest, existing)
        try:
            # Without force, an object that somebody made since we looked is not overwritten.
            with _conflicts(wanted.key):
                return await self._client.apply(resource, manifest, force=existing is not None)
        except errors.InvalidError as error:
            # The answer may quote what was sent: not where that is a secret.
            why = "it is a Secret, see the API server's log" if wanted.secret else error.message
            raise BlockedError(
                f"The API server refuses {wanted.key}: {why}", reason="ObjectRefused"
            ) from None

    async def changes(
        self, wanted: inventory.WantedObject, manifest: structs.JSON, existing: structs.JSON
    ) -> list[str]:
        """The paths that an apply by force would change, as far as they matter to AKO."""
        if wanted.secret is not None:
            return adoption.changes({**existing, "kind": "Secret"}, manifest)
        resource = await self._kinds.find(wanted.api_version, wanted.key.kind)
        with _conflicts(wanted.key):
            after = await self._client.apply(resource, manifest, dry_run=True)
        return adoption.changes({**existing, "kind": wanted.key.kind}, after)

    async def _taken_over(
        self, wanted: inventory.WantedObject, manifest: structs.JSON, existing: structs.JSON
    ) -> structs.JSON:
        """Mark the object as ours, and make the fields of its former owner ours."""
        if (existing["metadata"].get("labels") or {}).get(names.RECORD_LABEL) == self._record:
            return existing
        resource = await self._kinds.find(wanted.api_version, wanted.key.kind)
        named = {"apiVersion": wanted.api_version, "kind": wanted.key.kind, **existing}
        patch = {"metadata": adoption.transfer(named, manifest)}
        with _conflicts(wanted.key):
            return await self._client.merge_patch(
                resource, wanted.key.name, patch, wanted.key.namespace or None
            )

    async def unfit(
        self, wanted: inventory.WantedObject, existing: structs.JSON
    ) -> definitions.Unfit:
        """The stored objects that definition ``wanted`` would refuse or prune; the first of
        many."""
        stored = definitions.stored_kind(wanted.manifest, existing)
        if stored is None:
            return definitions.Unfit()
        kind, schema = stored
        objects: list[structs.JSON] = []
        token = ""
        try:
            for _ in range(UNFIT_PAGES):
                page = await self._client.list(kind, limit=UNFIT_PAGE, token=token)
                objects += page.items
                token = page.token
                if not token:
                    break
        except errors.NotFoundError:
            return definitions.Unfit()  # The kind is not served, so it has no objects to lose.
        except (errors.GoneError, errors.ServerError) as error:
            return definitions.unfit(schema, objects, more=True)._replace(failed=str(error))
        return definitions.unfit(schema, objects, more=bool(token))

    async def differs(
        self, wanted: inventory.WantedObject, manifest: structs.JSON, existing: structs.JSON
    ) -> bool:
        """True if somebody changed the object. A suspicion is settled by a dry run."""
        if wanted.shared and not self.is_ours(existing):
            manifest = inventory.marked_as(manifest, existing)
        if not drift.differences(manifest, existing):
            return False
        resource = await self._kinds.find(wanted.api_version, wanted.key.kind)
        with _conflicts(wanted.key):
            applied = await self._client.apply(resource, manifest, dry_run=True)
        return not drift.same(applied, existing)

    async def definition_names(self) -> set[str] | None:
        """The names of all CRDs; None when the list is too long."""
        kind = resources.CUSTOM_RESOURCE_DEFINITIONS
        try:
            listed = await listing.every(
                self._client, kind, metadata_only=True, pages=DEFINITION_PAGES
            )
        except errors.ServerError:
            return None  # Longer than an answer may be, by what others keep in annotations.
        return {definition["metadata"]["name"] for definition in listed}

    async def present_definitions(self, wanted: Collection[str]) -> set[str]:
        """Those of the CRDs that exist."""
        listed = await self.definition_names()
        if listed is not None:
            return listed & set(wanted)
        kind = resources.CUSTOM_RESOURCE_DEFINITIONS
        present: set[str] = set()
        for name in sorted(wanted):
            with contextlib.suppress(errors.NotFoundError):
                await self._client.get(kind, name)
                present.add(name)
        return present

    async def established(
        self, definition_names: Sequence[str], pause: Callable[[float], Awaitable[None]]
    ) -> set[str]:
        """Names of the CRDs that are served; waits up to about two seconds for all of them."""
        waiting = set(definition_names)
        for attempt in range(ESTABLISHED_TRIES):
            if attempt:
                await pause(ESTABLISHED_SECONDS)
            looked = [crds.definition_of(crd) for crd in await self._looked(waiting)]
            waiting -= {crd.metadata.name for crd in looked if crd.established}
            if not waiting:
                break
        return set(definition_names) - waiting

    async def _looked(self, waiting: Collection[str]) -> list[structs.JSON]:
        """CRDs, ``waiting`` among them: ours by one list, others one by one."""
        kind = resources.CUSTOM_RESOURCE_DEFINITIONS
        ours: list[structs.JSON] = []
        if len(waiting) > 1:
            label = f"{names.RECORD_LABEL}={self._record}"
            with contextlib.suppress(errors.ServerError):  # Longer than an answer may be.
                ours = (await self._client.list(kind, label_selector=label)).items
        rest = set(waiting) - {definition["metadata"]["name"] for definition in ours}
        return ours + [await self._client.get(kind, name) for name in sorted(rest)]

    async def remove(self, api_version: str, key: inventory.ObjectKey) -> str:
        """Delete the object if it carries our record's label. Returns why it was left, or "".

        Namespaces are never deleted: they may hold other objects, which would be deleted, too. CRDs
        are left while objects of theirs exist.
        """
        if key.kind == "Namespace":
            return f"{key} is left: other things may be in it"
        try:
            resource = await self._kinds.find(api_version, key.kind)
        except BlockedError:
            return ""  # The kind is not served any more, so the object is gone with it.
        existing = await self.read(api_version, key)
        if existing is None:
            return ""
        if (existing["metadata"].get("labels") or {}).get(names.RECORD_LABEL) != self._record:
            return f"{key} is left: it does not carry our label"
        if key.kind == "CustomResourceDefinition" and await self._has_objects(existing):
            return f"{key} is left: objects of that kind exist"
        try:
            with _conflicts(key):
                await self._client.delete(
                    resource, key.name, key.namespace or None, uid=existing["metadata"]["uid"]
                )
        except errors.NotFoundError:
            return ""
        return ""

    def is_ours(self, existing: structs.JSON) -> bool:
        """Our record's label; or none at all, while our field manager has applied the object."""
        metadata: dict[str, Any] = existing["metadata"]
        owner = (metadata.get("labels") or {}).get(names.RECORD_LABEL)
        if owner is not None:
            return bool(owner == self._record)
        shared = existing.get("kind") in inventory.SHARED_KINDS
        return not shared and any(
            entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply"
            for entry in metadata.get("managedFields") or ()
        )

    async def _has_objects(self, crd: structs.JSON) -> bool:
        definition = crds.definition_of(crd)
        kind = definition.served_kind
        if kind is None:
            return True
        try:
            page = await self._client.list(kind, limit=1, metadata_only=True)
        except errors.NotFoundError:
            return False
        return bool(page.items)


def _over(manifest: structs.JSON, existing: structs.JSON | None) -> structs.JSON:
    """The manifest, for exactly the object and version that was read, or for none.

    A leader that was frozen after its last check may send one write late. Unconditionally, that
    would bring an old credential back.
    """
    seen = {"resourceVersion": NOTHING}
    if existing is not None:
        seen = {field: existing["metadata"][field] for field in ("uid", "resourceVersion")}
    return {**manifest, "metadata": {**manifest["metadata"], **seen}}


@contextlib.contextmanager
def _conflicts(key: inventory.ObjectKey) -> Iterator[None]:
    """Raise a 409 of this server as its own error: caches of the management cluster are not old."""
    try:
        yield
    except errors.ConflictError as error:
        message = f"{key}: {error.message}"
        raise errors.WorkloadConflictError(message, request=error.request) from error


def foreign_error(objects: Sequence[str]) -> BlockedError:
    """Error for ``objects`` of others (each with its owner) that are in the way."""
    rest = len(objects) - FOREIGN_NAMED
    more = f"; and {rest} more" if rest > 0 else ""
    named = "; ".join(objects[:FOREIGN_NAMED]) + more
    return BlockedError(
        f"{named}. Nothing there is touched: delete what is in the way, or let this cluster be "
        "selected by no AKODeploymentConfig.",
        reason=FOREIGN_OBJECT,
    )


def missing_error(definitions_missing: Sequence[str]) -> BlockedError:
    """Error for definitions that others have to put into the workload cluster."""
    return BlockedError(
        f"The workload cluster lacks the definitions {', '.join(definitions_missing)}. Nothing is "
        "written before they are there: apply those of the release.",
        reason="DefinitionsMissing",
    )


def unusable_error(problems: Sequence[str]) -> BlockedError:
    """Error for definitions that are not ours and do not serve the needed versions."""
    return BlockedError(
        "Definitions in the workload cluster that were not made by this record cannot be used: "
        f"{'; '.join(problems)}. Nothing there is touched: update or delete them.",
        reason="DefinitionOutdated",
    )
