"""The bed of an AKO: a workload API, a controller with addresses for VIPs, and AKO between them.

For tests of akosim and of what cleans up behind it. Install AKO with `install`.
"""

import base64
import collections.abc
import contextlib
import dataclasses
import json
import typing

from akoo_testbed import kubeapi, waiting
from akoo_testbed.akosim import cutoff
from akoo_testbed.akosim.report import ANNOTATION, STATEFUL_SET
from akoo_testbed.avisim import client
from akoo_testbed.avisim import pytest as avisim
from akoo_testbed.kubeapi import KubeApi, Object
from akoo_testbed.kubelet import FakeKubelet, KubeletOptions, NodeSpec
from akoo_testbed.kubelet.options import SWITCH_CONFIG_MAP, SWITCH_NAMESPACE, AkoProgram, switched

T = typing.TypeVar("T")

CLUSTER = "shop-1a2b"
NODE = "n1"
PATIENCE_SECONDS = 30.0
"""The longest wait. What does not come within it never comes, on a slow machine either."""
NEVER_LOCKS = "/api/useraccountprofile/?name=No-Lockout-User-Account-Profile"
LABELS = {"app.kubernetes.io/name": "ako"}


@dataclasses.dataclass
class AkoBed:
    """A workload API, a controller, and between them AKO."""

    api: KubeApi
    avi: avisim.RunningAvi
    admin: client.Client
    home: str
    kubelet: FakeKubelet
    data: dict[str, str]
    user: tuple[str, str]
    """Name and password that AKO is given."""
    secret: dict[str, str] = dataclasses.field(default_factory=dict, repr=False)
    """Other keys for its Secret; an empty value leaves one out."""

    async def install(self, **changes: str) -> None:
        """Put AKO into the cluster, with other settings than usual."""
        secret = {
            "username": self.user[0],
            "password": self.user[1],
            "certificateAuthorityData": self.avi.server.ca_pem,
        }
        encoded = _encoded(secret | self.secret)
        self.data |= changes
        await self.api.create(_manifest("v1", "Secret", self.home, "avi-secret", data=encoded))
        config = _manifest("v1", "ConfigMap", self.home, "avi-k8s-config", data=self.data)
        await self.api.create(config)
        await self.api.create(_stateful_set(self.home))

    async def new_user(self, name: str, *, locks: bool = True) -> str:
        """Make a user of the controller for AKO, before `install`; its uuid.

        `locks`: wrong passwords lock it, as they lock any user by default.
        """
        self.user = (name, f"Of-{name}-1234")
        access = {
            "role_ref": "/api/role/?name=System-Admin",
            "tenant_ref": "/api/tenant/?name=admin",
        }
        body: Object = {"name": name, "password": self.user[1], "access": [access]}
        if not locks:
            body["user_profile_ref"] = NEVER_LOCKS
        made = await self.ask(lambda: self.admin.post("user", body))
        return str(made["uuid"])

    async def service(
        self, name: str, *, annotations: dict[str, str] | None = None, **spec: object
    ) -> None:
        """A Service of type LoadBalancer with port 80, in AKO's own namespace."""
        ports = [{"port": 80, "protocol": "TCP", "targetPort": 8080}]
        whole = {"type": "LoadBalancer", "ports": ports, **spec}
        made = _manifest("v1", "Service", self.home, name, spec=whole)
        made["metadata"]["annotations"] = annotations or {}
        await self.api.create(made)

    async def create(self, version: str, kind: str, name: str, **parts: object) -> None:
        """Any object, in AKO's own namespace."""
        await self.api.create(_manifest(version, kind, self.home, name, **parts))

    async def address(self, name: str, kind: str = "v1/Service") -> str:
        """The address in an object's status, as soon as there is one."""
        try:
            stored = await self.api.wait_for(kind, self.home, name, first_address, PATIENCE_SECONDS)
        except TimeoutError as error:
            error.add_note("\n".join(["what Avi refused:", *await self.ask(self.refusals)]))
            raise
        return first_address(stored)

    async def no_address(self, name: str, kind: str = "v1/Service") -> None:
        """Wait until the status names no address."""
        await self.api.wait_for(
            kind, self.home, name, lambda o: o and not first_address(o), PATIENCE_SECONDS
        )

    async def give_pods_a_network(self, cidr: str = "10.244.0.0/24") -> None:
        """Do to the Node what a controller of real clusters does."""
        await self.api.patch("v1/Node", None, NODE, {"spec": {"podCIDR": cidr, "podCIDRs": [cidr]}})

    async def delete_config(self, value: str) -> None:
        body = {"data": {"deleteConfig": value}}
        await self.api.patch("v1/ConfigMap", self.home, "avi-k8s-config", body)

    async def answer(self, value: str | None, deadline: float = PATIENCE_SECONDS) -> None:
        """Wait for AKO's report."""

        def matches(obj: Object | None) -> bool:
            annotations = (obj or {})["metadata"].get("annotations", {})
            return bool(annotations.get(ANNOTATION) == value)

        await self.api.wait_for(STATEFUL_SET, self.home, "ako", matches, deadline)

    async def pod(self, predicate: collections.abc.Callable[[Object], object]) -> Object:
        """AKO's Pod, as soon as it is so."""
        kind, name = "v1/Pod", "ako-0"
        await self.api.wait_for(
            kind, self.home, name, lambda pod: pod and predicate(pod), PATIENCE_SECONDS
        )
        return await self.api.get(kind, self.home, name)

    async def switch(self, **values: str) -> None:
        """Set switches of the test bed (`_` for `-`), no others; they are in force then."""
        data = {key.replace("_", "-"): value for key, value in values.items()}
        wanted = _manifest("v1", "ConfigMap", SWITCH_NAMESPACE, SWITCH_CONFIG_MAP, data=data)
        await self.api.apply(wanted)

        async def in_force() -> bool:
            options = self.kubelet.options
            return options == switched(options, wanted)

        await waiting.until(in_force, title="the switches", seconds=PATIENCE_SECONDS)

    async def ask(self, work: collections.abc.Callable[[], T]) -> T:
        """Do something to the controller, between the requests that it serves."""

        async def there() -> T:
            return work()

        return await self.avi.call(there())

    async def until(self, work: collections.abc.Callable[[], T], title: str) -> T:
        """The first answer of the controller that is true."""
        return await waiting.until(lambda: self.ask(work), title=title, seconds=PATIENCE_SECONDS)

    def marked(self, *kinds: str) -> list[str]:
        """kind/name of all objects that carry the cluster's marker; for `ask` and `until`."""
        query = f"label_key=clustername&label_value={CLUSTER}"
        return [
            f"{kind}/{name}"
            for kind in kinds or KINDS
            for name in self.admin.names(f"{kind}?{query}", x_avi_tenant="*")
        ]

    def named(self, kind: str, name: str) -> Object:
        """One object of the controller; for `ask` and `until`."""
        obj: Object = self.admin.get(f"{kind}?name={name}", x_avi_tenant="*")["results"][0]
        return obj

    def routes(self) -> list[Object]:
        """The static routes of the VRF; for `ask` and `until`."""
        routes: list[Object] = self.named("vrfcontext", "global").get("static_routes", [])
        return routes

    def labels(self) -> list[Object]:
        """The labels of the SE group; for `ask` and `until`."""
        labels: list[Object] = self.named("serviceenginegroup", "Default-Group").get("labels", [])
        return labels

    def asked(
        self, since: int = 0, *, kind: str = "*", method: str = "*", path: str = "*"
    ) -> list[str]:
        """Requests in the journal; for `ask` and `until`."""
        entries = self.avi.controller.journal.entries(
            since=since, kind=kind, method=method, path=path
        )
        return [str(entry) for entry in entries]

    def refusals(self) -> list[str]:
        """Requests that were refused; for `ask` and `until`."""
        return [str(entry) for entry in self.avi.controller.journal if entry.status >= 400]


KINDS = (
    "virtualservice",
    "vsvip",
    "pool",
    "poolgroup",
    "httppolicyset",
    "l4policyset",
    "vsdatascriptset",
    "sslkeyandcertificate",
    "stringgroup",
)


def first_address(obj: Object | None) -> str:
    entries = (obj or {}).get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
    return str(entries[0].get("ip", ""))


def restarts(pod: Object) -> int:
    """The number of restarts of AKO's container."""
    statuses = pod.get("status", {}).get("containerStatuses") or [{}]
    return int(statuses[0].get("restartCount", 0))


def last_end(pod: Object) -> Object:
    """The last end of AKO's container, or nothing."""
    statuses = pod.get("status", {}).get("containerStatuses") or [{}]
    ended: Object = statuses[0].get("lastState", {}).get("terminated", {})
    return ended


def _encoded(data: dict[str, str]) -> dict[str, str]:
    return {k: base64.b64encode(v.encode()).decode() for k, v in data.items() if v}


def _manifest(version: str, kind: str, namespace: str, name: str, **parts: object) -> Object:
    metadata: Object = {"name": name, "namespace": namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **parts}


def _stateful_set(namespace: str) -> Object:
    containers = [{"name": "ako", "image": "registry.example.com/ako:2.1.1"}]
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": containers}}
    selector = {"matchLabels": LABELS}
    spec = {"serviceName": "ako", "replicas": 1, "selector": selector, "template": template}
    return _manifest("apps/v1", "StatefulSet", namespace, "ako", spec=spec)


def furnish(admin: client.Client) -> None:
    """Give Default-Cloud a network with addresses for VIPs."""
    ip = {"addr": "10.9.0.0", "type": "V4"}
    ends = {
        "begin": {"addr": "10.9.0.10", "type": "V4"},
        "end": {"addr": "10.9.0.99", "type": "V4"},
    }
    subnet = {"prefix": {"ip_addr": ip, "mask": 24}, "static_ip_ranges": [{"range": ends}]}
    network = admin.post("network", {"name": "vips", "configured_subnets": [subnet]})
    usable = {"usable_networks": [{"nw_ref": network["url"]}]}
    body = {"name": "ipam", "type": "IPAMDNS_TYPE_INTERNAL", "internal_profile": usable}
    profile = admin.post("ipamdnsproviderprofile", body)
    cloud = admin.get("cloud?name=Default-Cloud")["results"][0]
    cloud["ipam_provider_ref"] = profile["url"]
    admin.put(f"cloud/{cloud['uuid']}", cloud)


@contextlib.asynccontextmanager
async def running(
    kubeconfig: str, avi: avisim.RunningAvi, home: str, options: KubeletOptions | None = None
) -> collections.abc.AsyncGenerator[AkoBed, None]:
    """A bed in a new namespace `home`, with one Node; AKO is not installed yet."""
    admin = client.Client(avi.controller, password=avi.options.password)
    furnish(admin)
    data = {
        "clusterName": CLUSTER,
        "controllerIP": f"127.0.0.1:{avi.server.port}",
        "vipNetworkList": json.dumps([{"networkName": "vips", "cidr": "10.9.0.0/24"}]),
        "serviceType": "NodePort",
        "shardVSSize": "SMALL",
        "deleteConfig": "false",
    }
    options = options or KubeletOptions(ako_program=AkoProgram.AKOSIM, restart_seconds=0.05)
    async with kubeapi.KubeApi(kubeconfig) as api, contextlib.AsyncExitStack() as ends:
        await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home}})
        ends.push_async_callback(_clean, api, home)
        kubelet = FakeKubelet(kubeconfig, [NodeSpec(NODE)], options=options)
        await kubelet.start()
        ends.push_async_callback(cutoff.end)
        ends.push_async_callback(kubelet.stop)
        yield AkoBed(api, avi, admin, home, kubelet, data, ("admin", avi.options.password))


async def _clean(api: KubeApi, home: str) -> None:
    await api.delete(STATEFUL_SET, home, "ako")
    await api.delete("v1/ConfigMap", SWITCH_NAMESPACE, SWITCH_CONFIG_MAP)
    for kind in ("v1/Service", "networking.k8s.io/v1/Ingress"):
        for each in await api.list(kind, home):
            await api.delete(kind, home, each["metadata"]["name"])
    await api.delete("v1/Namespace", None, home)
    await api.delete("v1/Node", None, NODE)
    for pod in await api.list("v1/Pod", home):
        await api.delete("v1/Pod", home, pod["metadata"]["name"], grace_seconds=0)
