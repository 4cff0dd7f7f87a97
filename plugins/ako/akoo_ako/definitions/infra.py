"""AviInfraSetting, and the kinds of multi-cluster ingress."""

from __future__ import annotations

from akoo_ako.definitions.schema import (
    Schema,
    choice,
    exactly_one,
    fields,
    flag,
    many,
    number,
    plain_status,
    required,
    root,
    text,
)

_PORT = number(1, 65535)


def infra_setting(*, project: bool) -> Schema:
    """AviInfraSetting; both versions are the same. ``project``: of NSX, until AKO 1.12."""
    vip_network = fields(networkName=text(), networkUUID=text(), cidr=text(), v6cidr=text())
    node_network = fields(networkName=text(), networkUUID=text(), cidrs=many(text()))
    listener = fields(port=required(_PORT), enableSSL=flag(), enableHTTP2=flag())
    network = fields(
        vipNetworks=many(exactly_one(vip_network, "networkName", "networkUUID")),
        nodeNetworks=many(exactly_one(node_network, "networkName", "networkUUID")),
        enableRhi=flag(),
        enablePublicIP=flag(),
        listeners=many(listener),
        bgpPeerLabels=many(text()),
    )
    size = choice("SMALL", "MEDIUM", "LARGE", "DEDICATED")
    spec = fields(
        network=network,
        seGroup=fields(name=required(text())),
        l7Settings=fields(shardSize=required(size)),
        nsxSettings=fields({"project": text()} if project else {}, t1lr=required(text())),
    )
    return root(spec, plain_status())


def cluster_set() -> Schema:
    """ClusterSet."""
    spec = fields(secretName=text(), clusters=many(fields(context=text())))
    discovery = many(fields(cluster=text(), status=text()))
    return root(required(spec), fields(serviceDiscoveryStatus=discovery))


def multi_cluster_ingress() -> Schema:
    """MultiClusterIngress."""
    service = fields(namespace=text(), name=text(), port=_PORT)
    backend = fields(path=text(), cluster=text(), service=service, weight=number(1, 100))
    spec = fields(hostName=required(text()), secretName=text(), config=required(many(backend)))
    status = fields(
        status=fields(accepted=flag(), reason=text()),
        loadBalancer=fields(ingress=many(fields(hostname=text(), ip=text()))),
    )
    return root(required(spec), status)


def service_import() -> Schema:
    """ServiceImport; it has no status."""
    endpoint = fields(ip=text(), port=number())
    port = fields(port=number(), endpoints=many(endpoint))
    spec = fields(cluster=text(), namespace=text(), service=text(), svcPorts=many(port))
    return fields(spec=required(spec))
