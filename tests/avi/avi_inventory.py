"""Puts on a simulated controller what AKO makes of a cluster: akosim's own plans, and by hand the
kinds of objects that akosim does not make (passthrough, gateways, CRD operator, Istio)."""

from __future__ import annotations

import base64
from typing import Any

from akoo_testbed.akosim import config
from akoo_testbed.akosim.objects import planning, routes
from akoo_testbed.akosim.objects.desired import desired
from akoo_testbed.akosim.objects.maker import BootUuids
from akoo_testbed.akosim.world import INGRESS, NODE, SECRET, SERVICE, World

from tests.avi import avi_oracle as oracle
from tests.avi.avi_bed import AviBed

MODES: dict[str, dict[str, str]] = {
    "sni": {},
    "evh": {"enableEVH": "true"},
    "evh-per-namespace": {"enableEVH": "true", "vipPerNamespace": "true"},
    "dedicated": {"shardVSSize": "DEDICATED"},
    "dedicated-evh": {"shardVSSize": "DEDICATED", "enableEVH": "true"},
    "secondary": {"primaryInstance": "false"},
}


def world() -> World:
    """Two Nodes, L4 Services (one with a shared VIP), Ingresses with TLS, paths and patterns."""
    made = World()
    for number in (1, 2):
        status = {"addresses": [{"type": "InternalIP", "address": f"10.1.1.{number}"}]}
        spec = {"podCIDR": f"10.244.{number}.0/24"}
        made.put(NODE, {"metadata": {"name": f"n{number}"}, "spec": spec, "status": status})
    for namespace in ("red", "blue"):
        data = {key: base64.b64encode(b"PEM").decode() for key in ("tls.crt", "tls.key")}
        made.put(SECRET, {"metadata": {"namespace": namespace, "name": "tls"}, "data": data})
        made.put(SERVICE, _service(namespace, "web", [80, 443]))
        for name in ("dns-a", "dns-b"):
            shared = {"ako.vmware.com/enable-shared-vip": "dns"}
            port = 53 if name == "dns-a" else 54
            made.put(SERVICE, _service(namespace, name, [port], annotations=shared))
        made.put(INGRESS, _ingress(namespace, "plain", [f"{namespace}.example.com"], tls=False))
        hosts = [f"{namespace}-a.example.com", f"{namespace}-b.example.com"]
        made.put(INGRESS, _ingress(namespace, "safe", hosts, tls=True))
    return made


def _service(namespace: str, name: str, ports: list[int], **metadata: Any) -> dict[str, Any]:
    entries = [{"port": port, "nodePort": 30000 + port, "name": f"p{port}"} for port in ports]
    uid = f"{namespace}/{name}"
    return {
        "metadata": {"namespace": namespace, "name": name, "uid": uid, **metadata},
        "spec": {"type": "LoadBalancer", "ports": entries},
    }


def _ingress(namespace: str, name: str, hosts: list[str], *, tls: bool) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = [
        {"path": path, "pathType": "ImplementationSpecific", "backend": backend}
        for path in ("/", "/a", "/x[0-9]+")
    ]
    spec: dict[str, Any] = {"rules": [{"host": host, "http": {"paths": paths}} for host in hosts]}
    if tls:
        spec["tls"] = [{"hosts": hosts, "secretName": "tls"}]
    return {"metadata": {"namespace": namespace, "name": name, "uid": name}, "spec": spec}


def give_addresses(bed: AviBed) -> None:
    """A network with addresses for VIPs in our cloud."""
    ends = {
        "begin": {"addr": "10.70.0.10", "type": "V4"},
        "end": {"addr": "10.70.3.250", "type": "V4"},
    }
    prefix = {"ip_addr": {"addr": "10.70.0.0", "type": "V4"}, "mask": 22}
    subnet = {"prefix": prefix, "static_ip_ranges": [{"range": ends}]}
    network = bed.make("network", name="vips", configured_subnets=[subnet])
    usable = {"usable_networks": [{"nw_ref": network["url"]}]}
    ipam = bed.make(
        "ipamdnsproviderprofile",
        name="ipam",
        type="IPAMDNS_TYPE_INTERNAL",
        internal_profile=usable,
    )
    cloud = bed.hand.get(f"cloud/{bed.cloud}")
    bed.hand.put(f"cloud/{bed.cloud}", {**cloud, "ipam_provider_ref": ipam["url"]})


def lives(bed: AviBed, cluster: str, mode: str = "sni", tenant: str = "admin") -> None:
    """All that an AKO of that name makes, as akosim would send it; with routes and label."""
    data = {
        "clusterName": cluster,
        "tenantName": tenant,
        "vipNetworkList": '[{"networkName": "vips", "cidr": "10.70.0.0/22"}]',
        **MODES[mode],
    }
    own = config.parse(data, "avi-system")
    uuids = BootUuids(
        cloud=bed.cloud,
        vrf=bed.uuid("vrfcontext", "global"),
        se_group=bed.uuid("serviceenginegroup", "Default-Group"),
        network=bed.uuid("network", "vips"),
        controller="cluster-0-1",
    )
    for operation in planning.plan(desired(own, uuids, world()), {}):
        bed.hand.post(operation.key.kind, operation.body, x_avi_tenant=operation.key.tenant)
    bed.route(*routes.merged([], routes.wanted(own, world()), cluster))
    bed.label(cluster)


def more(bed: AviBed, cluster: str, tenant: str = "admin") -> None:
    """Objects that akosim does not make: passthrough, gateway, CRD operator, Istio."""
    marked = {"markers": [{"key": "clustername", "values": [cluster]}]}
    ako = {**marked, "created_by": f"ako-{cluster}"}
    gateway = {**marked, "created_by": f"ako-gw-{cluster}-avi-system"}
    operator = {**marked, "created_by": f"ako-crd-operator-{cluster}"}

    def make(kind: str, name: str, **body: Any) -> str:
        return str(bed.make(kind, tenant, name=name, **body)["url"])

    def tree(prefix: str, own: dict[str, Any], parent: str, child: str) -> None:
        vip = make("vsvip", f"{prefix}{parent}", **marked)
        pool = make("pool", f"{prefix}{child}-pool", **own)
        group = make("poolgroup", f"{prefix}{child}", members=[{"pool_ref": pool}], **own)
        script = make("vsdatascriptset", f"{prefix}{parent}", pool_group_refs=[group], **own)
        above = make(
            "virtualservice",
            f"{prefix}{parent}",
            type="VS_TYPE_VH_PARENT",
            vsvip_ref=vip,
            vs_datascripts=[{"index": 1, "vs_datascript_set_ref": script}],
            **own,
        )
        below = {"type": "VS_TYPE_VH_CHILD", "vh_parent_vs_ref": above, "pool_group_ref": group}
        make("virtualservice", f"{prefix}{child}", **below, **own)

    tree(f"{cluster}--", ako, "Shared-Passthrough-0", "pass.example.com")
    tree(f"ako-gw-{cluster}--", gateway, "red-gw-EVH", oracle.hashed("gw"))
    make("httppolicyset", f"ako-gw-{cluster}--default-backend", **gateway)
    sticky = {"persistence_type": "PERSISTENCE_TYPE_HTTP_COOKIE", **marked}
    make("applicationpersistenceprofile", f"ako-gw-{cluster}--{oracle.hashed('p')}", **sticky)
    prefix = f"ako-crd-operator-{cluster}--"
    make("healthmonitor", f"{prefix}hm", type="HEALTH_MONITOR_TCP", **marked)
    make("applicationprofile", f"{prefix}ap", type="APPLICATION_PROFILE_TYPE_L4", **marked)
    make("pkiprofile", f"{prefix}pki", **operator)
    make("pkiprofile", f"istio-pki-{cluster}-red", **ako)
    certificate = {"certificate": {"certificate": "PEM"}}
    make("sslkeyandcertificate", f"istio-workload-{cluster}-red", **certificate, **ako)
