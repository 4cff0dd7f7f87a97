"""An AviController: address, account and CA of one Avi Controller, for many configs."""

from __future__ import annotations

from typing import Final

from akoo_avi.client.access import named, refusal
from akoo_avi.client.access.reach import Reach
from akoo_core.plugin import api, conditions, kube, structs

AVI_CONTROLLERS: Final = kube.Resource(
    "akoo.io", "v1alpha1", "avicontrollers", "AviController", namespaced=False
)
READ_RULE: Final = api.RbacRule(
    groups=(AVI_CONTROLLERS.group,),
    resources=(AVI_CONTROLLERS.plural,),
    verbs=("get", "list", "watch"),
)
"""The right of a plugin that goes by AviControllers."""


class AviControllerSpec(structs.Struct, frozen=True, kw_only=True):
    """``spec`` of an AviController."""

    address: str
    """``host`` or ``host:port``. The credential is sent there and nowhere else."""
    credential_ref: api.SecretName
    """Keys ``username`` and ``password``, and ``certificateAuthorityData`` where ``caRef`` names
    no Secret."""
    ca_ref: api.SecretName | None = None


class AviControllerStatus(structs.Struct, frozen=True, kw_only=True):
    """``status``: the result of the last look that brought something new."""

    observed_generation: int | None = None
    version: str = ""
    cluster_uuid: str = ""
    license_tier: str = ""
    nodes: int | None = None
    conditions: tuple[conditions.Condition, ...] = ()


class Declared(structs.Struct, frozen=True, kw_only=True):
    """An AviController as read."""

    name: str
    uid: str
    resource_version: str
    generation: int
    deleting: bool
    spec: AviControllerSpec
    status: AviControllerStatus

    @property
    def reach(self) -> Reach:
        return Reach(
            address=self.spec.address, credential=self.spec.credential_ref, ca=self.spec.ca_ref
        )


async def read(
    reader: kube.KubeClient, name: str, *, correct: str, new_user: bool = False
) -> Declared:
    """The AviController ``name``, by ``reader`` (``ctx.shared`` or ``ctx.kube``).

    ``correct``: the field and the object that a person corrects. ``new_user``: one that is being
    deleted is refused. Raises Refusal: AviControllerNotFound, AviControllerDeleting,
    ConfigInvalid; and KubeErrors.
    """
    obj = await named.get(reader, AVI_CONTROLLERS, name, correct=correct)
    if new_user:
        named.usable(AVI_CONTROLLERS, obj, correct=correct)
    try:
        return from_object(obj)
    except structs.DecodeError as error:
        raise refusal.Refusal("ConfigInvalid", f"AviController/{name}: {error}") from error


def from_object(obj: structs.JSON) -> Declared:
    """The AviController of an object. Raises structs.DecodeError with the path."""
    metadata = obj["metadata"]
    return Declared(
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata.get("resourceVersion", ""),
        generation=metadata.get("generation", 0),
        deleting="deletionTimestamp" in metadata,
        spec=structs.convert(obj.get("spec") or {}, AviControllerSpec, path="spec"),
        status=structs.convert(
            conditions.readable(obj.get("status") or {}), AviControllerStatus, path="status"
        ),
    )


def secrets_of(obj: structs.JSON) -> tuple[api.SecretPair, ...]:
    """(namespace, name) of the Secrets that it names; () for an unreadable object."""
    try:
        return from_object(obj).reach.secrets
    except structs.DecodeError:
        return ()
