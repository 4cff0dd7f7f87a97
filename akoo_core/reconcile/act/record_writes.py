"""Writes of the record in the management cluster: create, change, status, delete. Thin.

Changes are merge patches of what differs, with the resourceVersion that was read as precondition:
a stale reader gets ConflictError and decides again, and fields of a newer version survive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient
from akoo_core.objects import record as records
from akoo_core.objects.config import Config
from akoo_core.objects.record import ClusterRef, ConfigRef, Record, RecordSpec, RecordStatus

_RECORDS = resources.AKO_DEPLOYMENTS
_NO_LABELS: Mapping[str, str] = {}


class RecordWriter:
    """Writes AKODeployments. Methods return the record as it is afterwards."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def create(self, name: str, spec: RecordSpec) -> Record:
        """Create the record, or return the one of that name that is there already."""
        try:
            made = await self._client.create(_RECORDS, records.to_object(name, spec))
        except errors.AlreadyExistsError:
            made = await self._client.get(_RECORDS, name)
        return records.from_object(made)

    async def change(
        self,
        record: Record,
        spec: RecordSpec,
        *,
        consumed: tuple[str, ...] = (),
        labels: Mapping[str, str] = _NO_LABELS,
    ) -> Record:
        """Store ``spec``; no call when nothing differs. Raises ConflictError.

        ``consumed``: annotations that the same write removes, so that each acts once. ``labels``:
        labels that a write of a changed spec sets.
        """
        spent = {name: None for name in consumed if name in record.annotations}
        if spec == record.spec and not spent:
            return record
        patch = difference(structs.to_object(record.spec), structs.to_object(spec))
        metadata: dict[str, Any] = {"resourceVersion": record.resource_version}
        if spent:
            metadata["annotations"] = spent
        if labels:
            metadata["labels"] = dict(labels)
        body = {"metadata": metadata, "spec": patch}
        return records.from_object(await self._client.merge_patch(_RECORDS, record.name, body))

    async def write_status(self, record: Record, status: RecordStatus) -> Record:
        """Store ``status``; no call when nothing differs. Raises ConflictError."""
        if status == record.status:
            return record
        patch = difference(structs.to_object(record.status), structs.to_object(status))
        body = {"metadata": {"resourceVersion": record.resource_version}, "status": patch}
        return records.from_object(
            await self._client.merge_patch(_RECORDS, record.name, body, subresource="status")
        )

    async def delete(self, record: Record) -> None:
        """Delete the record, whose own finalizer is off already. Does nothing if it is gone."""
        try:
            await self._client.delete(_RECORDS, record.name, uid=record.uid)
        except (errors.NotFoundError, errors.ConflictError):
            return


def difference(before: structs.JSON, after: structs.JSON) -> structs.JSON:
    """The merge patch (RFC 7396) that makes ``after`` of ``before``. Pure."""
    patch: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            inner = difference(old, value)
            if inner:
                patch[name] = inner
        elif name not in before or old != value:
            patch[name] = value
    return patch


def fresh(
    *,
    name: str,
    management_id: str,
    cluster_ref: ClusterRef,
    chosen: Config,
    history_unknown: bool = False,
) -> RecordSpec:
    """The spec of a new record for a Cluster that the config ``chosen`` serves."""
    return RecordSpec(
        ako_cluster_name=name,
        management_id=management_id,
        cluster_ref=cluster_ref,
        history_unknown=history_unknown,
        config_ref=ConfigRef(name=chosen.name, uid=chosen.uid),
        policies=chosen.policies,
    )
