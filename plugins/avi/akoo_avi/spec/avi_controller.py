"""An AviController: address, account and CA of one Avi Controller, for many configs. Pure."""

from __future__ import annotations

from akoo_avi.spec import placement
from akoo_core.plugin import api, conditions, structs


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
    def reach(self) -> placement.Reach:
        return placement.Reach(
            address=self.spec.address, credential=self.spec.credential_ref, ca=self.spec.ca_ref
        )


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
        status=structs.convert(obj.get("status") or {}, AviControllerStatus, path="status"),
    )


def secrets_of(obj: structs.JSON) -> tuple[api.SecretPair, ...]:
    """(namespace, name) of the Secrets that it names; () for an unreadable object."""
    try:
        spec = from_object(obj).spec
    except structs.DecodeError:
        return ()
    named = (spec.credential_ref, *((spec.ca_ref,) if spec.ca_ref else ()))
    return tuple(secret.pair for secret in named)
