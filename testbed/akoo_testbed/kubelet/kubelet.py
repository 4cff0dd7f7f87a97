"""The fake kubelet: Nodes and Pods of one workload API behave as if machines were behind them."""

import asyncio
import collections
import collections.abc
import datetime
import enum

from akoo_testbed import controlloop, kubeapi
from akoo_testbed.controlloop import Key
from akoo_testbed.kubeapi import ApiError, Object
from akoo_testbed.kubelet import nodes, pods
from akoo_testbed.kubelet.containers import Containers
from akoo_testbed.kubelet.nodes import NodeSpec
from akoo_testbed.kubelet.options import (
    SWITCH_CONFIG_MAP,
    SWITCH_NAMESPACE,
    KubeletOptions,
    switched,
)
from akoo_testbed.kubelet.program import Program, Switches
from akoo_testbed.kubelet.programs import ako

NODE, POD, CONFIG_MAP, SECRET = "v1/Node", "v1/Pod", "v1/ConfigMap", "v1/Secret"
PROGRAMS: collections.abc.Mapping[str, Program] = {"ako": ako}


class Power(enum.Enum):
    """The state of a machine of ours."""

    ON = "on"
    OFF = "off"
    FORGOTTEN = "forgotten"
    """Its Node object was deleted: like a real kubelet, ours does not register again."""


class FakeKubelet:
    """Keeps Nodes Ready, binds Pods to them, runs Pods and ends them, on one workload API.

    `nodes` are registered at the start; others join by `run_node`. Pods of a workload whose label
    app.kubernetes.io/name, or whose StatefulSet's name, is a key of `programs` run that program: a
    coroutine, or a process of this machine (`host.HostProgram`). A Pod dies with its machine
    (`lose_node`: the Node object stays, unreachable, and so do its Pods, not Ready) and with its
    Node object (the Pods are removed too).
    """

    def __init__(
        self,
        kubeconfig: str,
        nodes: collections.abc.Sequence[NodeSpec] = (),
        *,
        options: KubeletOptions | None = None,
        programs: collections.abc.Mapping[str, Program] = PROGRAMS,
    ) -> None:
        self._api = kubeapi.KubeApi(kubeconfig)
        self._first = nodes
        self._options = options or KubeletOptions()
        self._switches = Switches(self._options)
        self._specs: dict[str, NodeSpec] = {}
        self._power: dict[str, Power] = {}
        self._busy = asyncio.Lock()
        watched = [controlloop.Watched(kind) for kind in (NODE, POD, CONFIG_MAP, SECRET)]
        # One worker: when lose_node holds the lock, nothing is in flight.
        self._loop = controlloop.ControlLoop(
            self._api, watched, changed=self._changed, reconcile=self._reconcile, workers=1
        )
        self._containers = Containers(self._api, self._switches, programs, self._loop)

    @property
    def nodes(self) -> frozenset[str]:
        """The names of all Nodes it was ever told to run, lost and deleted ones included."""
        return frozenset(self._power)

    @property
    def options(self) -> KubeletOptions:
        """The options in force."""
        return self._switches.current

    async def start(self) -> None:
        """Return when the API is watched and the first Nodes are registered."""
        try:
            await self._loop.start(within_seconds=10)
            for spec in self._first:
                await self.run_node(spec)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End at once, as in a power cut of all machines at the same time; nothing is written."""
        try:
            await self._loop.stop()  # first: it could start another container
        finally:
            await self._containers.kill_all()
            await self._api.close()

    async def run_node(self, spec: NodeSpec) -> None:
        """Register a Node and keep it Ready; a name it knows already is left as it is."""
        if spec.name in self._power:
            return
        now = _now()
        try:
            await self._api.create(nodes.node_manifest(spec, now))
        except ApiError as error:
            if error.status != 409:
                raise
            status = {"status": nodes.node_status(spec, now)}
            await self._api.patch(NODE, None, spec.name, status, subresource="status")
        self._specs[spec.name], self._power[spec.name] = spec, Power.ON
        self._mark_node(spec.name)

    async def lose_node(self, name: str) -> None:
        """Cut a machine's power: when this returns, nothing on it writes any more."""
        async with self._busy:
            if self._power.get(name) is not Power.ON:
                return
            self._power[name] = Power.OFF
            for key, pod in self._pods():
                if pod["spec"].get("nodeName") == name:
                    await self._containers.kill(pod["metadata"]["uid"])
                    self._loop.mark(key)
        self._mark_node(name)

    def _changed(self, key: Key, _obj: Object) -> None:
        kind, namespace, name = key
        if kind == POD:
            self._loop.mark(key)
        elif kind == NODE:
            if key not in self._loop.objects and name in self._power:
                self._power[name] = Power.FORGOTTEN
            self._mark_node(name)
        else:
            is_switch = key == (CONFIG_MAP, SWITCH_NAMESPACE, SWITCH_CONFIG_MAP)
            if is_switch:
                self._switches.set(switched(self._options, self._loop.objects.get(key)))
            for pod_key, _ in self._pods():
                if is_switch or pod_key[1] == namespace:
                    self._loop.mark(pod_key)

    def _mark_node(self, name: str) -> None:
        self._loop.mark((NODE, "", name))
        for key, pod in self._pods():
            if pod["spec"].get("nodeName", name) == name:
                self._loop.mark(key)

    def _pods(self) -> list[tuple[Key, Object]]:
        return [(key, obj) for key, obj in self._loop.objects.items() if key[0] == POD]

    async def _reconcile(self, key: Key) -> float | None:
        async with self._busy:
            obj = self._loop.objects.get(key)
            if key[0] == NODE:
                await self._reconcile_node(obj)
                return None
            if obj is None:
                await self._containers.keep_only(
                    {pod["metadata"]["uid"] for _, pod in self._pods()}
                )
                return None
            return await self._reconcile_pod(obj)

    async def _reconcile_node(self, node: Object | None) -> None:
        name = node["metadata"]["name"] if node else ""
        power = self._power.get(name)
        if node is None or power not in (Power.ON, Power.OFF):
            return
        old = node.get("spec", {}).get("taints") or []
        change = nodes.working_taints if power is Power.ON else nodes.lost_taints
        if (taints := change(old)) != old:
            version = node["metadata"]["resourceVersion"]
            body = {"metadata": {"resourceVersion": version}, "spec": {"taints": taints}}
            await self._api.patch(NODE, None, name, body)
        wanted = "True" if power is Power.ON else "Unknown"
        if not _has_ready(node, wanted):
            on = power is Power.ON
            status = (
                nodes.node_status(self._specs[name], _now()) if on else nodes.lost_status(_now())
            )
            await self._api.patch(NODE, None, name, {"status": status}, subresource="status")

    async def _reconcile_pod(self, pod: Object) -> float | None:
        again: float | None = None
        for action in pods.plan(pod, self._view(pod)):
            if isinstance(action, pods.Again):
                again = action.seconds
            else:
                await self._act(pod, action)
        return again

    def _view(self, pod: Object) -> pods.View:
        namespace = pod["metadata"]["namespace"]
        return pods.View(
            now=_now(),
            options=self._switches.current,
            machines=self._machines(),
            memory=self._containers.memory(pod),
            has_program=self._containers.has_program(pod),
            probed=self._containers.is_probed(pod),
            find=lambda kind, name: self._loop.objects.get((f"v1/{kind}", namespace, name)),
        )

    def _machines(self) -> pods.Machines:
        return pods.Machines(
            nodes={key[2]: obj for key, obj in self._loop.objects.items() if key[0] == NODE},
            working=frozenset(name for name, p in self._power.items() if p is Power.ON),
            lost=frozenset(name for name, p in self._power.items() if p is Power.OFF),
            load=collections.Counter(p["spec"].get("nodeName", "") for _, p in self._pods()),
        )

    async def _act(self, pod: Object, action: pods.Action) -> None:
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        match action:
            case pods.Bind(node):
                await self._bind(namespace, name, node)
            case pods.WriteStatus(status):
                body = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": status}
                await self._api.patch(POD, namespace, name, body, subresource="status")
            case pods.Start(restarts, at):
                await self._containers.start(pod, restarts, at)
            case pods.Kill(grace_seconds):
                await self._containers.kill(pod["metadata"]["uid"], grace_seconds)
            case pods.Remove(orphan):
                node = pod["spec"].get("nodeName", "")
                if orphan and await self._api.find(NODE, None, node):
                    return
                uid = pod["metadata"]["uid"]
                await self._api.delete(POD, namespace, name, grace_seconds=0, uid=uid)

    async def _bind(self, namespace: str, name: str, node: str) -> None:
        body = {"metadata": {"name": name}, "target": {"kind": "Node", "name": node}}
        path = await self._api.path(POD, namespace, name)
        binding = {"apiVersion": "v1", "kind": "Binding", **body}
        await self._api.request("POST", f"{path}/binding", binding)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _has_ready(node: Object, status: str) -> bool:
    conditions = node.get("status", {}).get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == status for c in conditions)
