"""The work of an AKO on an Avi Controller: it makes all that akosim plans for a small cluster, and
deletes it again, in AKO's own order."""

from __future__ import annotations

import base64
import functools
import uuid
from collections.abc import Iterable
from typing import Any

from akoo_testbed.akosim import config
from akoo_testbed.akosim.objects import planning, routes
from akoo_testbed.akosim.objects.desired import desired
from akoo_testbed.akosim.objects.maker import BootUuids
from akoo_testbed.akosim.world import INGRESS, NODE, SECRET, SERVICE, World
from akoo_testbed.avisim import Controller, client
from akoo_testbed.avisim.objects.store import Key, Stored

_IDS = uuid.UUID("b6ae9b06-26fc-4a0e-9b4c-7a0a5e6bd3f1")
STICKY = {"persistence_type": "PERSISTENCE_TYPE_HTTP_COOKIE"}


@functools.cache
def world() -> World:
    """One Node; a Service with an address; an Ingress with TLS and a pattern, and one without."""
    made = World()
    address = {"addresses": [{"type": "InternalIP", "address": "10.1.1.1"}]}
    made.put(
        NODE, {"metadata": {"name": "n1"}, "spec": {"podCIDR": "10.244.1.0/24"}, "status": address}
    )
    data = {key: base64.b64encode(b"PEM").decode() for key in ("tls.crt", "tls.key")}
    made.put(SECRET, {"metadata": _named("tls"), "data": data})
    ports = [{"port": 80, "nodePort": 30080, "name": "web"}]
    made.put(SERVICE, {"metadata": _named("web"), "spec": {"type": "LoadBalancer", "ports": ports}})
    tls = [{"hosts": ["safe.example.com"], "secretName": "tls"}]
    made.put(INGRESS, _ingress("safe", "/x[0-9]+", {"tls": tls}))
    made.put(INGRESS, _ingress("plain", "/", {}))
    return made


def _named(name: str) -> dict[str, Any]:
    return {"namespace": "red", "name": name, "uid": name}


def _ingress(name: str, path: str, more: dict[str, Any]) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    served = {"path": path, "pathType": "ImplementationSpecific", "backend": backend}
    rule = {"host": f"{name}.example.com", "http": {"paths": [served]}}
    return {"metadata": _named(name), "spec": {"rules": [rule], **more}}


class Place:
    """The place of AKOs: a cloud with its VRF, an SE group and a network for VIPs, all by name."""

    def __init__(self, hand: client.Client, cloud: str, group: str, network: str) -> None:
        self.hand = hand
        self.avi: Controller = hand.controller
        self.cloud = self.find("cloud", cloud).uuid
        self.group = self.find("serviceenginegroup", group).uuid
        self.vrf = self.find("vrfcontext", "global").uuid
        self.network = self.find("network", network).uuid

    def find(self, kind: str, name: str) -> Stored:
        """The object; of several the one in our cloud."""
        named = list(self.avi.state.objects.named(kind, name))
        cloud = getattr(self, "cloud", "")
        return next((obj for obj in named if obj.cloud == cloud), named[0])

    def move(self, group: str) -> None:
        """To another SE group."""
        self.group = self.find("serviceenginegroup", group).uuid

    def at(self, group: str) -> bool:
        """True if it is there."""
        return self.group == self.find("serviceenginegroup", group).uuid

    def works(self, data: dict[str, str]) -> None:
        """All that an AKO with this ConfigMap makes of its cluster."""
        own = config.parse({"defaultIngController": "true", **data}, "avi-system")
        uuids = BootUuids(
            cloud=self.cloud,
            vrf=self.vrf,
            se_group=self.group,
            network=self.network,
            controller="cluster-0-1",
        )
        for obj in planning.plan(desired(own, uuids, world()), {}):
            self.hand.post(obj.key.kind, obj.body, x_avi_tenant=obj.key.tenant)
        mark = {"markers": [{"key": "clustername", "values": [own.cluster]}]}
        sticky = {"name": f"ako-gw-{own.cluster}--{'5' * 40}", **STICKY, **mark}
        self.hand.post("applicationpersistenceprofile", sticky)
        vrf = self.hand.get(f"vrfcontext/{self.vrf}")
        named = functools.partial(uuid.uuid5, _IDS, own.cluster)
        wanted = routes.merged(
            vrf.get("static_routes", []),
            routes.wanted(own, world()),
            own.cluster,
            lambda: uuid.UUID(int=named().int, version=4),
        )
        self.hand.put(f"vrfcontext/{self.vrf}", {**vrf, "static_routes": wanted})
        self._label([{"key": routes.LABEL, "value": own.cluster}])

    def _label(self, labels: list[dict[str, str]]) -> None:
        group = self.hand.get(f"serviceenginegroup/{self.group}")
        self.hand.put(f"serviceenginegroup/{self.group}", {**group, "labels": labels})

    def clear(self, keys: Iterable[Key], share: float = 1.0) -> None:
        """Delete these, as AKO orders them, or so large a share of them."""
        stored = [self.avi.state.objects.get(*key) for key in keys]
        left = sorted((obj for obj in stored if obj is not None), key=_turn)
        for obj in left[: round(len(left) * share)]:
            self.hand.delete(f"{obj.kind}/{obj.uuid}", x_avi_tenant=obj.tenant)

    def clear_shared(self, cluster: str) -> None:
        """Take its routes out of the VRF and its label off the SE group."""
        vrf = self.hand.get(f"vrfcontext/{self.vrf}")
        kept = routes.merged(vrf.get("static_routes", []), [], cluster)
        self.hand.put(f"vrfcontext/{self.vrf}", {**vrf, "static_routes": kept})
        self._label([])


def _turn(obj: Stored) -> tuple[bool, int, str]:
    child = obj.data.get("type") == "VS_TYPE_VH_CHILD"
    return not child, planning.CLEAR_ORDER.index(obj.kind), obj.name
