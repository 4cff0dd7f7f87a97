"""Objects wanted in a workload cluster: from contributions to one ordered list. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from akoo_core import structs
from akoo_core.objects import names, record
from akoo_core.plugin import api
from akoo_core.reconcile.deploy import kind_order

SHARED_KINDS = ("Namespace", "CustomResourceDefinition")
"""Others may have made them and rely on them: applied in any case, marked only if made by us."""


class ObjectKey(NamedTuple):
    """Identity of an object, independent of the version of its kind."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {where}"


class WantedObject(structs.Struct, frozen=True, kw_only=True):
    """One wanted object. ``manifest`` of a Secret has no data; it is opened later."""

    plugin: str
    key: ObjectKey
    api_version: str
    manifest: structs.JSON
    digest: str
    secret: api.SecretObject | None = None

    @property
    def shared(self) -> bool:
        return self.key.kind in SHARED_KINDS

    @property
    def definition(self) -> bool:
        """True for a CustomResourceDefinition."""
        return self.key.kind == "CustomResourceDefinition"

    def item(
        self, digest: str = "", note: str = "", applied: record.AppliedSecret | None = None
    ) -> record.InventoryItem:
        """Its line in the inventory; without ``digest`` it is not known to be applied."""
        return record.InventoryItem(
            plugin=self.plugin,
            api_version=self.api_version,
            kind=self.key.kind,
            name=self.key.name,
            namespace=self.key.namespace,
            digest=digest,
            secret=_stored(self.secret) if self.secret is not None else None,
            applied=applied,
            note=note,
        )


class DuplicateError(Exception):
    """Two contributions want the same object."""

    def __init__(self, first: WantedObject, second: WantedObject) -> None:
        super().__init__(
            f'Plugins "{first.plugin}" and "{second.plugin}" both want {second.key}; only one may.'
        )
        self.plugin = second.plugin


def key_of(item: record.InventoryItem) -> ObjectKey:
    """The key of an inventory line."""
    return ObjectKey(item.api_version.rpartition("/")[0], item.kind, item.namespace, item.name)


def secrets_of(items: Iterable[record.InventoryItem], plugin: str) -> api.Contribution:
    """The Secrets that the inventory has of a plugin, as it contributed them last."""
    return api.Contribution(
        secrets=tuple(
            api.SecretObject(
                namespace=item.namespace,
                name=item.name,
                data={
                    key: structs.convert(structs.to_plain(source), api.SecretSource)
                    for key, source in item.secret.data.items()
                },
                type=item.secret.type,
                labels=item.secret.labels,
                annotations=item.secret.annotations,
            )
            for item in items
            if item.plugin == plugin and item.secret is not None
        )
    )


def sources_of(items: Iterable[record.InventoryItem]) -> set[api.SecretPair]:
    """(namespace, name) of each Secret in the management cluster that ``items`` are made of."""
    stored = (item.secret for item in items if item.secret is not None)
    sources = (source for secret in stored for source in secret.data.values())
    return {(source.namespace, source.name) for source in sources if source.name}


def wanted(record_name: str, contributions: Mapping[str, api.Contribution]) -> list[WantedObject]:
    """All objects of the contributions by kind order, labelled. Raises DuplicateError."""
    by_key: dict[ObjectKey, WantedObject] = {}
    for plugin in contributions:
        for obj in _of_plugin(record_name, plugin, contributions[plugin]):
            if obj.key in by_key:
                raise DuplicateError(by_key[obj.key], obj)
            by_key[obj.key] = obj
    return sorted(by_key.values(), key=lambda obj: order(obj.api_version, obj.key))


def order(api_version: str, key: ObjectKey) -> tuple[int, str, str, str]:
    """Sort key for applying; deleting uses it in reverse."""
    return (kind_order.rank(api_version, key.kind), key.kind, key.namespace, key.name)


def in_order(items: Iterable[record.InventoryItem]) -> list[record.InventoryItem]:
    """Inventory lines in the order in which they are applied."""
    return sorted(items, key=lambda item: order(item.api_version, key_of(item)))


def labels(record_name: str) -> dict[str, str]:
    """The marks on every object that is ours."""
    return {names.MANAGED_BY_LABEL: names.MANAGED_BY, names.RECORD_LABEL: record_name}


def marked_as(manifest: structs.JSON, existing: structs.JSON) -> structs.JSON:
    """The manifest with the marks of ``existing`` in place of ours: a shared object keeps its
    owner."""
    ours = (names.MANAGED_BY_LABEL, names.RECORD_LABEL)
    theirs = existing["metadata"].get("labels") or {}
    metadata: dict[str, Any] = dict(manifest["metadata"])
    kept = {name: value for name, value in metadata.pop("labels").items() if name not in ours}
    kept |= {name: theirs[name] for name in ours if name in theirs}
    return {**manifest, "metadata": metadata | ({"labels": kept} if kept else {})}


def _of_plugin(
    record_name: str, plugin: str, contribution: api.Contribution
) -> Iterable[WantedObject]:
    for manifest in contribution.objects:
        yield _wanted(record_name, plugin, manifest, None)
    for secret in contribution.secrets:
        yield _wanted(record_name, plugin, _secret_manifest(secret), secret)


def _wanted(
    record_name: str, plugin: str, manifest: structs.JSON, secret: api.SecretObject | None
) -> WantedObject:
    metadata: dict[str, Any] = manifest["metadata"]
    labelled = {**(metadata.get("labels") or {}), **labels(record_name)}
    complete = {**manifest, "metadata": {**metadata, "labels": labelled}}
    sources = structs.to_plain(secret.data) if secret else None
    digest = hashlib.sha256(structs.encode_json([complete, sources])).hexdigest()
    group = manifest["apiVersion"].rpartition("/")[0]
    return WantedObject(
        plugin=plugin,
        key=ObjectKey(group, manifest["kind"], metadata.get("namespace", ""), metadata["name"]),
        api_version=manifest["apiVersion"],
        manifest=complete,
        digest=digest,
        secret=secret,
    )


def _stored(secret: api.SecretObject) -> record.StoredSecret:
    return record.StoredSecret(
        data={
            key: structs.convert(structs.to_plain(source), record.StoredSource)
            for key, source in secret.data.items()
        },
        type=secret.type,
        labels=secret.labels,
        annotations=secret.annotations,
    )


def _secret_manifest(secret: api.SecretObject) -> structs.JSON:
    metadata: dict[str, Any] = {"name": secret.name, "namespace": secret.namespace}
    if secret.labels:
        metadata["labels"] = secret.labels
    if secret.annotations:
        metadata["annotations"] = secret.annotations
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": secret.type}
