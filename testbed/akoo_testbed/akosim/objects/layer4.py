"""Services of type LoadBalancer as Avi objects: VIP, pools, policy set, virtual service; pure."""

import collections.abc
import itertools

from akoo_testbed.akosim.config import Config
from akoo_testbed.akosim.objects import model
from akoo_testbed.akosim.objects.maker import Maker, metadata
from akoo_testbed.akosim.world import World
from akoo_testbed.kubeapi import Object

SHARED_VIP_ANNOTATION = "ako.vmware.com/enable-shared-vip"
ADDRESS_ANNOTATION = "ako.vmware.com/load-balancer-ip"

_PROFILES = {"TCP": "System-TCP-Proxy", "UDP": "System-UDP-Fast-Path", "SCTP": "System-SCTP-Proxy"}
_MONITORS = {"TCP": "System-TCP", "UDP": "System-UDP", "SCTP": "System-TCP"}


def vs_name(config: Config, service: Object) -> str:
    """The virtual service of a Service; several share one by the annotation."""
    metadata = service["metadata"]
    key = (metadata.get("annotations") or {}).get(SHARED_VIP_ANNOTATION)
    return f"{config.prefix}{metadata['namespace']}-{key or metadata['name']}"


def fqdn(config: Config, service: Object) -> str | None:
    """The DNS name that AKO gives a Service, if it has a domain for it."""
    metadata = service["metadata"]
    if not config.default_domain or config.auto_fqdn == "disabled":
        return None
    glue = "-" if config.auto_fqdn == "flat" else "."
    return f"{metadata['name']}{glue}{metadata['namespace']}.{config.default_domain}"


def desired(maker: Maker, world: World) -> collections.abc.Iterator[model.Wanted]:
    """All objects for the Services of type LoadBalancer."""
    config = maker.config

    def place(service: Object) -> tuple[str, str]:
        return world.tenant(config, service["metadata"]["namespace"]), vs_name(config, service)

    services = sorted(world.load_balancers(config), key=place)
    for (tenant, name), group in itertools.groupby(services, key=place):
        yield from _tree(maker, world, tenant, name, list(group))


def _tree(
    maker: Maker, world: World, tenant: str, name: str, services: list[Object]
) -> collections.abc.Iterator[model.Wanted]:
    config = maker.config
    marks = {
        "Namespace": [services[0]["metadata"]["namespace"]],
        "ServiceName": [service["metadata"]["name"] for service in services],
    }
    ports = [(service, port) for service in services for port in service["spec"].get("ports", ())]
    yield from (_pool(maker, world, tenant, service, port) for service, port in ports)
    policy = {
        "l4_connection_policy": {"rules": [_rule(config, i, *p) for i, p in enumerate(ports)]}
    }
    protocols = ",".join(sorted({port.get("protocol", "TCP") for _, port in ports}))
    yield maker.make("l4policyset", tenant, name, policy, **marks, Protocol=[protocols])
    hosts = [host for service in services if (host := fqdn(config, service))]
    preferred = next((a for service in services if (a := _preferred(service))), "")
    vip = maker.vip(tenant, name, hosts, preferred)
    yield vip
    yield maker.service(tenant, name, _virtual_service(name, vip, services, hosts), **marks)


def _virtual_service(
    name: str, vip: model.Wanted, services: list[Object], hosts: list[str]
) -> Object:
    ports = [port for service in services for port in service["spec"].get("ports", ())]
    protocols = [port.get("protocol", "TCP") for port in ports]
    main = _main_protocol(protocols)
    listeners = []
    for port, protocol in zip(ports, protocols, strict=True):
        listener: Object = {"port": port["port"], "port_range_end": port["port"]}
        if protocol != main:
            profile = model.reference("networkprofile", _PROFILES[protocol])
            listener["override_network_profile_ref"] = profile
        listeners.append(listener)
    owners = [f"{s['metadata']['namespace']}/{s['metadata']['name']}" for s in services]
    return {
        "type": "VS_TYPE_NORMAL",
        "remove_listening_port_on_vs_down": True,
        "services": listeners,
        "vsvip_ref": model.reference("vsvip", name),
        "vsvip_cloud_config_cksum": vip.body["vsvip_cloud_config_cksum"],
        "l4_policies": [{"index": 0, "l4_policy_set_ref": model.reference("l4policyset", name)}],
        "application_profile_ref": model.reference("applicationprofile", "System-L4-Application"),
        "network_profile_ref": model.reference("networkprofile", _PROFILES[main]),
        "service_metadata": metadata(namespace_svc_name=owners, hostnames=hosts),
    }


def _main_protocol(protocols: list[str]) -> str:
    """The one that gives the virtual service its profile; others override it, port by port."""
    if len(set(protocols)) == 1:
        return protocols[0]
    return "TCP" if "TCP" in protocols or not protocols else "UDP"


def pool_name(config: Config, service: Object, port: Object) -> str:
    """The pool of one port of a Service."""
    metadata = service["metadata"]
    protocol = port.get("protocol", "TCP")
    return f"{config.prefix}{metadata['namespace']}-{metadata['name']}-{protocol}-{port['port']}"


def _pool(maker: Maker, world: World, tenant: str, service: Object, port: Object) -> model.Wanted:
    metadata, protocol = service["metadata"], port.get("protocol", "TCP")
    number = port.get("targetPort", port["port"])
    return maker.pool(
        tenant,
        pool_name(maker.config, service, port),
        list(world.backends(maker.config, service, port)),
        number if isinstance(number, int) else port["port"],
        _MONITORS[protocol],
        Namespace=[metadata["namespace"]],
        ServiceName=[metadata["name"]],
        Port=[str(port["port"])],
    )


def _rule(config: Config, index: int, service: Object, port: Object) -> Object:
    protocol = port.get("protocol", "TCP")
    pool = model.reference("pool", pool_name(config, service, port))
    return {
        "index": index,
        "name": pool,
        "match": {
            "port": {"match_criteria": "IS_IN", "ports": [port["port"]]},
            "protocol": {"match_criteria": "IS_IN", "protocol": f"PROTOCOL_{protocol}"},
        },
        "action": {"select_pool": {"action_type": "L4_RULE_ACTION_SELECT_POOL", "pool_ref": pool}},
    }


def _preferred(service: Object) -> str:
    annotations = service["metadata"].get("annotations") or {}
    return str(annotations.get(ADDRESS_ANNOTATION) or service["spec"].get("loadBalancerIP") or "")
