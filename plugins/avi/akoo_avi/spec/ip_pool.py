"""An AviIPPool: ranges of addresses in one network of one cloud. Pure."""

from __future__ import annotations

import ipaddress
import itertools
from typing import Final, Literal

from akoo_avi.spec import names as names_
from akoo_avi.spec import refusal, spans
from akoo_avi.spec.spans import Ours, Subnet
from akoo_core.plugin import api, conditions, names, structs

FINALIZER: Final = "akoo.io/avi-ip-pool"
CONFIG_ANNOTATION: Final = "akoo.io/config"
"""On a pool that was made from an AKODeploymentConfig: its name."""


class Range(structs.Struct, frozen=True, kw_only=True):
    """Addresses from begin to end, both included."""

    begin: str
    end: str
    use: spans.Use = "Both"


class SubnetSpec(structs.Struct, frozen=True, kw_only=True):
    """One subnet of the network."""

    cidr: str
    ranges: tuple[Range, ...] | None = None
    """None: the subnet is to exist, and nothing is said about its ranges. (): none of ours."""


class NetworkName(structs.Struct, frozen=True, kw_only=True):
    """The network, by one of both."""

    name: str = ""
    moref: str = ""
    """vCenter's name of its port group (``dvportgroup-1356``): names repeat, this does not."""


class Spec(structs.Struct, frozen=True, kw_only=True):
    """``spec`` of an AviIPPool."""

    controller: str = ""
    """Name of an AviController; or address and credentialRef say how to get there."""
    address: str = ""
    credential_ref: api.SecretName | None = None
    ca_ref: api.SecretName | None = None
    tenant: str = names_.ADMIN_TENANT
    """Whose network is meant: the tenant's own, or one that tenant admin shares with it."""
    cloud: str
    network: NetworkName
    subnets: tuple[SubnetSpec, ...] = ()
    usable: bool = True
    drift_policy: Literal["Repair", "Report"] = "Repair"
    warn_below: int = 5


class SubnetStatus(structs.Struct, frozen=True, kw_only=True):
    """Addresses of one subnet, for virtual services, whoever made its ranges."""

    cidr: str
    total: int
    allocated: int
    free: int
    made: bool = False
    """True: the subnet was not there before us."""


class Status(structs.Struct, frozen=True, kw_only=True):
    """``status``: what is ours (written before it is), and what was found last."""

    observed_generation: int | None = None
    applied_generation: int | None = None
    """The last generation that is wholly in force; what differs later is drift."""
    controller_uuid: str = ""
    network_uuid: str = ""
    network_tenant: str = ""
    total: int | None = None
    allocated: int | None = None
    free: int | None = None
    ranges: tuple[Range, ...] = ()
    """Those that we put there."""
    subnets: tuple[SubnetStatus, ...] = ()
    usable_added: bool = False
    """True: the network was not usable before us."""
    conditions: tuple[conditions.Condition, ...] = ()


class Pool(structs.Struct, frozen=True, kw_only=True):
    """An AviIPPool as read."""

    name: str
    uid: str
    resource_version: str
    generation: int
    created: str
    deleting: bool
    finalizers: tuple[str, ...]
    config: str
    """The AKODeploymentConfig it was made from, or ""."""
    let_go: str
    """The user's word to leave everything on Avi as it is, and why."""
    moved: bool
    """clusterctl deletes it here, since it lives elsewhere now."""
    adopt: str
    """The management cluster it came from, whose ranges it takes over; "" for none."""
    spec: Spec
    status: Status

    @property
    def age(self) -> tuple[str, str]:
        """Sorts the older before the younger."""
        return (self.created, self.name)

    @property
    def recorded(self) -> Ours:
        """What status says is ours."""
        return Ours(
            frozenset(one for one in map(_readable, self.status.ranges) if one is not None),
            frozenset(
                ipaddress.ip_network(subnet.cidr, strict=False)
                for subnet in self.status.subnets
                if subnet.made
            ),
            self.status.usable_added,
        )

    @property
    def has_something(self) -> bool:
        """Whether there is, or may be, something of ours on the controller."""
        return bool(self.recorded)


def from_object(obj: structs.JSON) -> Pool:
    """Raises structs.DecodeError with the path."""
    metadata = obj["metadata"]
    annotations = metadata.get("annotations") or {}
    return Pool(
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata.get("resourceVersion", ""),
        generation=metadata.get("generation", 0),
        created=str(metadata.get("creationTimestamp", "")),
        deleting="deletionTimestamp" in metadata,
        finalizers=tuple(metadata.get("finalizers") or ()),
        config=annotations.get(CONFIG_ANNOTATION, ""),
        let_go=annotations.get(names.LET_GO_ANNOTATION, ""),
        moved=names.DELETE_FOR_MOVE_ANNOTATION in annotations,
        adopt=annotations.get(names.ADOPT_ANNOTATION, ""),
        spec=structs.convert(obj.get("spec") or {}, Spec, path="spec"),
        status=structs.convert(obj.get("status") or {}, Status, path="status"),
    )


def desired(spec: Spec) -> tuple[Subnet, ...]:
    """The subnets that are wanted. Raises Refusal for what cannot be."""
    found: list[Subnet] = []
    for number, one in enumerate(spec.subnets):
        path = f"spec.subnets[{number}]"
        prefix = _prefix(one.cidr, f"{path}.cidr")
        if prefix in [each.prefix for each in found]:
            raise _invalid(f"{path}.cidr", f"{one.cidr} is there twice.")
        ranges = None if one.ranges is None else _ranges(one.ranges, prefix, f"{path}.ranges")
        found.append(Subnet(prefix, ranges))
    _check_overlaps(found)
    return tuple(found)


def _prefix(cidr: str, path: str) -> spans.Prefix:
    try:
        return ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        raise _invalid(path, f"{cidr!r} is no CIDR.") from None


def _ranges(given: tuple[Range, ...], prefix: spans.Prefix, path: str) -> frozenset[spans.Span]:
    found = set()
    for number, one in enumerate(given):
        try:
            span = spans.span(one.begin, one.end, one.use)
        except ValueError as error:
            raise _invalid(f"{path}[{number}]", f"{error}.") from None
        whole = spans.span(str(prefix[0]), str(prefix[-1]))
        inside = whole.version == span.version and whole.first <= span.first
        if not inside or span.last > whole.last:
            raise _invalid(f"{path}[{number}]", f"{span} is not in subnet {prefix}.")
        found.add(span)
    return frozenset(found)


def _check_overlaps(subnets: list[Subnet]) -> None:
    ordered = sorted(one for subnet in subnets for one in subnet.ranges or ())
    for one, following in itertools.pairwise(ordered):
        if one.overlaps(following):
            raise _invalid("spec.subnets", f"{one} and {following} overlap.")


def _invalid(path: str, problem: str) -> refusal.Refusal:
    return refusal.Refusal("InvalidPool", f"{path}: {problem}")


def _readable(one: Range) -> spans.Span | None:
    try:
        return spans.span(one.begin, one.end, one.use)
    except ValueError:
        return None


def ranges_of(ours: Ours) -> tuple[Range, ...]:
    """For ``status.ranges``."""
    return tuple(Range(begin=span.begin, end=span.end, use=span.use) for span in sorted(ours.spans))


def secrets_of(obj: structs.JSON) -> tuple[api.SecretPair, ...]:
    """(namespace, name) of the Secrets it names itself; none of one that cannot be read."""
    try:
        spec = from_object(obj).spec
    except structs.DecodeError:
        return ()
    named = (one for one in (spec.credential_ref, spec.ca_ref) if one is not None)
    return tuple(secret.pair for secret in named)
