"""The record in the management cluster: created, changed, said. Thin.

Changes are merge patches of what differs, with the resourceVersion that was read as precondition:
a stale reader gets ConflictError and decides again, and fields of a newer version survive.
"""

from __future__ import annotations

from typing import Any

from akoo_core import structs
from akoo_core.kube import client as client_
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import config, record

_RECORDS = resources.AKO_DEPLOYMENTS


class Records:
    """Writes AKODeployments. Every method returns the record as it is afterwards."""

    def __init__(self, client: client_.KubeClient) -> None:
        self._client = client

    async def create(self, name: str, spec: record.RecordSpec) -> record.Record:
        """The new record, or the one of that name that is there already."""
        try:
            made = await self._client.create(_RECORDS, record.to_object(name, spec))
        except errors.AlreadyExistsError:
            made = await self._client.get(_RECORDS, name)
        return record.from_object(made)

    async def change(
        self, one: record.Record, spec: record.RecordSpec, *, consumed: tuple[str, ...] = ()
    ) -> record.Record:
        """Store ``spec``; no call when nothing differs. Raises ConflictError.

        ``consumed``: annotations that go in the same write, so that a word acts once.
        """
        spent = {word: None for word in consumed if word in one.annotations}
        if spec == one.spec and not spent:
            return one
        patch = difference(structs.to_object(one.spec), structs.to_object(spec))
        metadata: dict[str, Any] = {"resourceVersion": one.resource_version}
        if spent:
            metadata["annotations"] = spent
        body = {"metadata": metadata, "spec": patch}
        return record.from_object(await self._client.merge_patch(_RECORDS, one.name, body))

    async def say(self, one: record.Record, status: record.RecordStatus) -> record.Record:
        """Store ``status``; no call when nothing differs. Raises ConflictError."""
        if status == one.status:
            return one
        patch = difference(structs.to_object(one.status), structs.to_object(status))
        body = {"metadata": {"resourceVersion": one.resource_version}, "status": patch}
        return record.from_object(
            await self._client.merge_patch(_RECORDS, one.name, body, subresource="status")
        )

    async def delete(self, one: record.Record) -> None:
        """Delete the record whose own finalizer is off already. Gone is fine."""
        try:
            await self._client.delete(_RECORDS, one.name, uid=one.uid)
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
    cluster_ref: record.ClusterRef,
    chosen: config.Config,
    history_unknown: bool = False,
) -> record.RecordSpec:
    """The spec of a new record for a Cluster that ``chosen`` serves."""
    return record.RecordSpec(
        ako_cluster_name=name,
        management_id=management_id,
        cluster_ref=cluster_ref,
        history_unknown=history_unknown,
        config_ref=record.ConfigRef(name=chosen.name, uid=chosen.uid),
        policies=chosen.policies,
    )
