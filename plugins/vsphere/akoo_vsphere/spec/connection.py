"""A VSphereConnection: address, account and trust of one vCenter, for many port groups. Pure."""

from __future__ import annotations

import datetime
import re
from typing import Final

from akoo_core.plugin import accounts, api, conditions, names, structs
from akoo_vsphere.spec import refusal

ACCEPT_ANNOTATION: Final = "akoo.io/accept-vcenter"
"""On a connection: the instance UUID of the vCenter that replaced the former."""

_SHA256 = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31}")


class Spec(structs.Struct, frozen=True, kw_only=True):
    """``spec`` of a VSphereConnection. There is no switch that turns verification off."""

    address: str
    """``host`` or ``host:port``. The credential is sent there and nowhere else."""
    credential_ref: api.SecretName
    """Keys ``username``, ``password`` and, optionally, ``hosts``."""
    ca_ref: api.SecretName | None = None
    """Key ``certificateAuthorityData`` (PEM)."""
    thumbprint: str = ""
    """SHA-256 of the leaf certificate, 32 pairs with colons. Only one of caRef and this."""


class MissingPrivilege(structs.Struct, frozen=True, kw_only=True):
    """A privilege that the account lacks."""

    privilege: str
    """vCenter's id (``DVPortgroup.Create``)."""
    object: str = ""
    """The inventory path where it is missing."""


class RefusedLogin(structs.Struct, frozen=True, kw_only=True):
    """A login that vCenter refused. The next attempt waits, so that no account is locked."""

    secret_version: str
    """resourceVersion of the Secret that was refused: another version is tried at once."""
    at: datetime.datetime
    count: int


class Status(structs.Struct, frozen=True, kw_only=True):
    """``status`` of a VSphereConnection."""

    observed_generation: int | None = None
    version: str = ""
    api_version: str = ""
    """The API version that client and server agreed on (``8.0.3.0``)."""
    instance_uuid: str = ""
    missing_privileges: tuple[MissingPrivilege, ...] = ()
    refused_login: RefusedLogin | None = None
    conditions: tuple[conditions.Condition, ...] = ()


class Connection(structs.Struct, frozen=True, kw_only=True):
    """A VSphereConnection as read."""

    name: str
    uid: str
    resource_version: str
    generation: int
    deleting: bool
    adopt: str
    """The management cluster whose port groups it takes over; "" for none."""
    accept: str
    """The instance UUID of a vCenter that replaces the former; "" for none."""
    spec: Spec
    status: Status

    @property
    def identity(self) -> tuple[str, int]:
        """UID and generation: another address or account makes another one."""
        return self.uid, self.generation


def from_object(obj: structs.JSON) -> Connection:
    """Raises structs.DecodeError with the path, and Refusal for values that cannot be used."""
    metadata = obj["metadata"]
    annotations = metadata.get("annotations") or {}
    spec = structs.convert(obj.get("spec") or {}, Spec, path="spec")
    check(spec)
    return Connection(
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata.get("resourceVersion", ""),
        generation=metadata.get("generation", 0),
        deleting="deletionTimestamp" in metadata,
        adopt=annotations.get(names.ADOPT_ANNOTATION, ""),
        accept=annotations.get(ACCEPT_ANNOTATION, ""),
        spec=spec,
        status=structs.convert(conditions.readable(obj.get("status") or {}), Status, path="status"),
    )


def check(spec: Spec) -> None:
    """Raise Refusal for a connection that cannot be used. The address is never quoted.

    Someone may have written a password into it (``user:password@host``).
    """
    if accounts.parse(spec.address) is None or spec.address != spec.address.strip():
        raise refusal.invalid(
            "spec.address",
            "is not a host or host:port",
            "Give vcenter.example.com or vcenter.example.com:8443, without https://, path or user",
        )
    for field, reference in (("credentialRef", spec.credential_ref), ("caRef", spec.ca_ref)):
        if reference is not None and not reference.complete:
            raise refusal.invalid(
                f"spec.{field}", "names no Secret", "Give namespace and name of a Secret"
            )
    if spec.ca_ref is not None and spec.thumbprint:
        raise refusal.invalid(
            "spec.thumbprint",
            "stands beside caRef",
            "Remove thumbprint to trust the CA, or caRef to trust this certificate alone",
        )
    if spec.thumbprint and not _SHA256.fullmatch(spec.thumbprint):
        raise refusal.invalid(
            "spec.thumbprint",
            "is not a SHA-256 fingerprint: 32 pairs of hexadecimal digits with colons",
            "Take it from: openssl x509 -noout -fingerprint -sha256",
        )


def secrets_of(obj: structs.JSON) -> tuple[api.SecretPair, ...]:
    """(namespace, name) of the Secrets that it names; () if it cannot be read."""
    try:
        spec = structs.convert(obj.get("spec") or {}, Spec, path="spec")
    except structs.DecodeError:
        return ()
    named = (spec.credential_ref, *((spec.ca_ref,) if spec.ca_ref else ()))
    return tuple(reference.pair for reference in named)
