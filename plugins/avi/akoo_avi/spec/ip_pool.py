"""An AviIPPool: ranges of addresses in one network of one cloud. Pure."""

from __future__ import annotations

import ipaddress
import itertools
from typing import Final, Literal

from akoo_avi.client.access import refusal
from akoo_avi.spec import spans
from akoo_avi.spec.names import ADMIN_TENANT
from akoo_avi.spec.spans import Ours, Subnet
from akoo_core.plugin import api, conditions, names, structs

FINALIZER: Final = "akoo.io/avi-ip-pool"
CONFIG_ANNOTATION: Final = "akoo.io/config"
"""On a pool that was made from an AKODeploymentConfig: the config's name."""
PORT_GROUP_ANNOTATION: Final = "akoo.io/port-group"
"""On a pool that was made for a VSpherePortGroup: its name."""


class Range(structs.Struct, frozen=True, kw_only=True):
    """Addresses from begin to end, both included."""

    begin: str
    end: str
    use: spans.Use = "Both"


class SubnetSpec(structs.Struct, frozen=True, kw_only=True):
    """One subnet of the network."""

    cidr: str
    ranges: tuple[Range, ...] | None = None
    """None: the subnet must exist, and nothing is said about its ranges. (): none of ours."""


class NetworkName(structs.Struct, frozen=True, kw_only=True):
    """The network: a name, a moref, or a VSpherePortGroup."""

    name: str = ""
    moref: str = ""
    """vCenter's name of its port group (``dvportgroup-1356``): names repeat, this does not."""
    port_group_ref: str = ""
    """Name of a VSpherePortGroup; its moref may change."""


class IpPoolSpec(structs.Struct, frozen=True, kw_only=True):
    """``spec`` of an AviIPPool."""

    controller: str = ""
    """Name of an AviController; without it, address and credentialRef lead to the controller."""
    address: str = ""
    credential_ref: api.SecretName | None = None
    ca_ref: api.SecretName | None = None
    tenant: str = ADMIN_TENANT
    """The tenant whose clusters use the network: its own, or one that tenant admin shares with
    it."""
    cloud: str
    network: NetworkName
    subnets: tuple[SubnetSpec, ...] = ()
    usable: bool = True
    drift_policy: Literal["Repair", "Report"] = "Repair"
    warn_below: int = 5


class SubnetStatus(structs.Struct, frozen=True, kw_only=True):
    """Addresses of one subnet for virtual services, with the ranges of everybody."""

    cidr: str
    total: int
    allocated: int
    free: int
    made: bool = False
    """True: the subnet was not there before us."""


class IpPoolStatus(structs.Struct, frozen=True, kw_only=True):
    """``status``: our ranges, recorded before they are written, and the last findings."""

    observed_generation: int | None = None
    applied_generation: int | None = None
    """The last generation that is wholly in force; a later difference is drift."""
    controller_uuid: str = ""
    network_uuid: str = ""
    network_tenant: str = ""
    total: int | None = None
    allocated: int | None = None
    free: int | None = None
    ranges: tuple[Range, ...] = ()
    """The ranges that we put there."""
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
    port_group: str
    """The VSpherePortGroup it was made for, or ""."""
    let_go: str
    """The reason of a user who leaves everything on Avi as it is (annotation)."""
    moved: bool
    """Deleted here by clusterctl: it lives elsewhere now."""
    adopt: str
    """The former management cluster whose ranges it takes over; "" for none."""
    spec: IpPoolSpec
    status: IpPoolStatus
    condition_rows: tuple[structs.JSON, ...] = ()
    """``status.conditions`` as read, those of others among them."""

    @property
    def age(self) -> tuple[str, str]:
        """Sort key: the older before the younger."""
        return (self.created, self.name)

    @property
    def recorded(self) -> Ours:
        """Our ranges by the status."""
        return Ours(
            frozenset(span for span in map(_readable, self.status.ranges) if span is not None),
            frozenset(
                ipaddress.ip_network(subnet.cidr, strict=False)
                for subnet in self.status.subnets
                if subnet.made
            ),
            self.status.usable_added,
        )

    @property
    def has_something(self) -> bool:
        """Something of ours is, or may be, on the controller."""
        return bool(self.recorded)


def from_object(obj: structs.JSON) -> Pool:
    """The pool of an object. Raises structs.DecodeError with the path."""
    metadata, status = obj["metadata"], obj.get("status") or {}
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
        port_group=annotations.get(PORT_GROUP_ANNOTATION, ""),
        let_go=annotations.get(names.LET_GO_ANNOTATION, ""),
        moved=names.DELETE_FOR_MOVE_ANNOTATION in annotations,
        adopt=annotations.get(names.ADOPT_ANNOTATION, ""),
        spec=structs.convert(obj.get("spec") or {}, IpPoolSpec, path="spec"),
        status=structs.convert(conditions.readable(status), IpPoolStatus, path="status"),
        condition_rows=tuple(status.get("conditions") or ()),
    )


def desired(spec: IpPoolSpec) -> tuple[Subnet, ...]:
    """The wanted subnets. Raises Refusal for an impossible spec."""
    subnets: list[Subnet] = []
    for number, subnet in enumerate(spec.subnets):
        path = f"spec.subnets[{number}]"
        prefix = _prefix(subnet.cidr, f"{path}.cidr")
        if prefix in [other.prefix for other in subnets]:
            raise _invalid(f"{path}.cidr", f"{subnet.cidr} is there twice.")
        ranges = None if subnet.ranges is None else _ranges(subnet.ranges, prefix, f"{path}.ranges")
        subnets.append(Subnet(prefix, ranges))
    _check_overlaps(subnets)
    return tuple(subnets)


def _prefix(cidr: str, path: str) -> spans.Prefix:
    try:
        return ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        raise _invalid(path, f"{cidr!r} is no CIDR.") from None


def _ranges(
    ranges: tuple[Range, ...], prefix: spans.Prefix, path: str
) -> frozenset[spans.AddressRange]:
    converted = set()
    for number, stated in enumerate(ranges):
        try:
            span = spans.span(stated.begin, stated.end, stated.use)
        except ValueError as error:
            raise _invalid(f"{path}[{number}]", f"{error}.") from None
        whole = spans.span(str(prefix[0]), str(prefix[-1]))
        inside = whole.version == span.version and whole.first <= span.first
        if not inside or span.last > whole.last:
            raise _invalid(f"{path}[{number}]", f"{span} is not in subnet {prefix}.")
        converted.add(span)
    return frozenset(converted)


def _check_overlaps(subnets: list[Subnet]) -> None:
    ordered = sorted(span for subnet in subnets for span in subnet.ranges or ())
    for span, following in itertools.pairwise(ordered):
        if span.overlaps(following):
            raise _invalid("spec.subnets", f"{span} and {following} overlap.")


def _invalid(path: str, problem: str) -> refusal.Refusal:
    return refusal.Refusal("InvalidPool", f"{path}: {problem}")


def _readable(recorded: Range) -> spans.AddressRange | None:
    try:
        return spans.span(recorded.begin, recorded.end, recorded.use)
    except ValueError:
        return None


def ranges_of(ours: Ours) -> tuple[Range, ...]:
    """For ``status.ranges``."""
    return tuple(Range(begin=span.begin, end=span.end, use=span.use) for span in sorted(ours.spans))


def secrets_of(obj: structs.JSON) -> tuple[api.SecretPair, ...]:
    """(namespace, name) of the Secrets that it names itself; () for an unreadable object."""
    try:
        spec = from_object(obj).spec
    except structs.DecodeError:
        return ()
    named = (secret for secret in (spec.credential_ref, spec.ca_ref) if secret is not None)
    return tuple(secret.pair for secret in named)
