"""The status of Services and Ingresses, as AKO writes it; pure."""

import collections.abc
import dataclasses
import json

from akoo_testbed.akosim.config import Config
from akoo_testbed.akosim.objects import layer4
from akoo_testbed.akosim.objects.maker import Maker
from akoo_testbed.akosim.objects.model import Existing, Key
from akoo_testbed.akosim.world import INGRESS, SERVICE, TENANT_ANNOTATION, World
from akoo_testbed.kubeapi import Object

MAP_ANNOTATION = "ako.vmware.com/host-fqdn-vs-uuid-map"
CONTROLLER_ANNOTATION = "ako.vmware.com/controller-cluster-uuid"


@dataclasses.dataclass(frozen=True, slots=True)
class Write:
    """A change to one object's status and annotations (None: taken away)."""

    kind: str
    namespace: str
    name: str
    ingress: list[Object]
    annotations: dict[str, str | None]


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """A host of an Ingress, and where it is served."""

    name: str
    tenant: str
    vsvip: str
    virtual_service: str


Observed = collections.abc.Mapping[Key, Existing]
Hosts = collections.abc.Mapping[tuple[str, str], collections.abc.Sequence[Host]]
"""(namespace, name) of an Ingress -> its hosts"""


def writes(maker: Maker, world: World, observed: Observed, hosts: Hosts) -> list[Write]:
    """The writes that make every status right, removals included; none if all are right."""
    writes = [_service(maker, world, observed, each) for each in world.load_balancers(maker.config)]
    ingresses = world.ingresses(maker.config)
    writes += [_ingress(maker, observed, ingress, hosts) for ingress in ingresses]
    served = {(write.kind, write.namespace, write.name) for write in writes}
    return [w for w in writes if _differs(world, w)] + _cleared(maker.config, world, served)


def cleared(config: Config, world: World) -> list[Write]:
    """The writes that clear every status after AKO has deleted all its objects."""
    return _cleared(config, world, set())


def addresses(vsvip: Existing | None) -> list[str]:
    """The addresses of a VIP."""
    fields = ("ip_address", "ip6_address")
    vips = vsvip.body.get("vip", ()) if vsvip else ()
    return [vip[field]["addr"] for vip in vips for field in fields if field in vip]


def _service(maker: Maker, world: World, observed: Observed, service: Object) -> Write:
    name = layer4.vs_name(maker.config, service)
    tenant = world.tenant(maker.config, service["metadata"]["namespace"])
    host = layer4.fqdn(maker.config, service)
    vs = observed.get(Key("virtualservice", tenant, name))
    ips = addresses(observed.get(Key("vsvip", tenant, name))) if vs else []
    entries = [{"ip": ip, **({"hostname": host} if host else {})} for ip in ips]
    mapping = {host or service["metadata"]["name"]: vs.uuid} if vs else {}
    return _write(maker, SERVICE, service, entries, mapping, tenant)


def _ingress(maker: Maker, observed: Observed, ingress: Object, hosts: Hosts) -> Write:
    metadata = ingress["metadata"]
    entries: list[Object] = []
    mapping: dict[str, str] = {}
    tenant = maker.config.tenant
    for host in hosts.get((metadata["namespace"], metadata["name"]), ()):
        tenant = host.tenant
        vs = observed.get(Key("virtualservice", tenant, host.virtual_service))
        if vs is None:
            continue
        mapping[host.name] = vs.uuid
        ips = addresses(observed.get(Key("vsvip", tenant, host.vsvip)))
        entries += [{"ip": ip, "hostname": host.name} for ip in ips]
    return _write(maker, INGRESS, ingress, entries, mapping, tenant)


def _write(
    maker: Maker,
    kind: str,
    obj: Object,
    entries: list[Object],
    mapping: dict[str, str],
    tenant: str,
) -> Write:
    annotations: dict[str, str | None] = dict.fromkeys(_ANNOTATIONS)
    if mapping:
        annotations = {
            MAP_ANNOTATION: json.dumps(mapping, sort_keys=True),
            CONTROLLER_ANNOTATION: maker.uuids.controller,
            TENANT_ANNOTATION: tenant,
        }
    metadata = obj["metadata"]
    return Write(kind, metadata["namespace"], metadata["name"], entries, annotations)


_ANNOTATIONS = (MAP_ANNOTATION, CONTROLLER_ANNOTATION, TENANT_ANNOTATION)


def _differs(world: World, write: Write) -> bool:
    obj = world.find(write.kind, write.namespace, write.name) or {}
    have = obj.get("metadata", {}).get("annotations") or {}
    if any(have.get(key) != value for key, value in write.annotations.items()):
        return True
    return _entries(obj) != [sorted(entry.items()) for entry in write.ingress]


def _entries(obj: Object) -> list[object]:
    """The addresses in a status, without what the API server adds (ipMode)."""
    entries = obj.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
    return [sorted((k, v) for k, v in e.items() if k in ("ip", "hostname")) for e in entries]


def _cleared(
    config: Config, world: World, served: collections.abc.Set[tuple[str, str, str]]
) -> list[Write]:
    """An AKO that is limited to some namespaces leaves what is written in others to others."""
    writes = []
    for kind in (SERVICE, INGRESS):
        for obj in world.all(kind):
            metadata = obj["metadata"]
            if not world.serves(config, metadata["namespace"]):
                continue
            key = (kind, metadata["namespace"], metadata["name"])
            if key not in served and MAP_ANNOTATION in (metadata.get("annotations") or {}):
                writes.append(Write(*key, [], dict.fromkeys(_ANNOTATIONS)))
    return writes
