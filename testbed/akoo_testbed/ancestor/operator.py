"""The ancestor at work: one pass over all configs and Clusters at each step."""

import collections.abc
import contextlib
import typing

from akoo_testbed import kubeapi
from akoo_testbed.ancestor import choice, objects
from akoo_testbed.ancestor.api import Api
from akoo_testbed.ancestor.objects import Object


class Ancestor:
    """AKOO on one management cluster. It does nothing while its Deployment has no replicas.

    AKO itself is not there: it has cleaned up as soon as the ancestor asks.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    async def step(self) -> bool:
        """One pass. False if the ancestor is stopped, so that nothing was done."""
        deployment = await self._api.find(objects.DEPLOYMENTS, objects.NAMESPACE, objects.OPERATOR)
        if deployment is None or deployment["spec"].get("replicas", 1) == 0:
            return False
        configs = sorted(
            await self._api.list(objects.CONFIGS), key=lambda each: str(each["metadata"]["name"])
        )
        living = [config for config in configs if not _deleting(config)]
        clusters = await self._api.list(objects.CLUSTERS)
        for cluster in clusters:
            with contextlib.suppress(kubeapi.ApiError):  # the next pass tries again
                await self._cluster(cluster, choice.choose(cluster, living))
        for config in configs:
            with contextlib.suppress(kubeapi.ApiError):
                await self._config(config, clusters, living)
        return True

    async def settle(self, passes: int = 5) -> None:
        """So many passes: enough for each deletion to end."""
        for _ in range(passes):
            await self.step()

    async def _config(
        self,
        config: Object,
        clusters: collections.abc.Sequence[Object],
        living: collections.abc.Sequence[Object],
    ) -> None:
        name = config["metadata"]["name"]
        if _deleting(config):
            if not any(_label(cluster) == name for cluster in clusters):
                await self._finalizer(objects.CONFIGS, config, wanted=False)
            return
        if any(choice.choose(cluster, living) is config for cluster in clusters):
            await self._finalizer(objects.CONFIGS, config, wanted=True)

    async def _cluster(self, cluster: Object, config: Object | None) -> None:
        management = cluster["metadata"]["namespace"] == objects.MANAGEMENT_NAMESPACE
        if _deleting(cluster):
            await self._clean(cluster)
        elif config is None:
            await self._labelled(cluster, None)
            await self._finalizer(objects.CLUSTERS, cluster, wanted=False)
        else:
            await self._labelled(cluster, config["metadata"]["name"])
            if not management:
                await self._finalizer(objects.CLUSTERS, cluster, wanted=True)
            for secret in (objects.account(cluster), objects.addon(cluster)):
                await self._made(secret)
        await self._hooks(cluster)

    async def _clean(self, cluster: Object) -> None:
        """The end of a Cluster: first the resources, then the user, then its finalizer."""
        metadata = cluster["metadata"]
        if objects.FINALIZER not in (metadata.get("finalizers") or ()):
            return
        conditions = (cluster.get("status") or {}).get("conditions") or []
        states = {each["type"]: each["status"] for each in conditions}
        if states.get(objects.RESOURCES_CLEAN) != "True":
            await self._deleted(objects.addon(cluster))
            state = "True" if objects.RESOURCES_CLEAN in states else "False"
            await self._condition(cluster, objects.RESOURCES_CLEAN, state)
            return
        await self._deleted(objects.account(cluster))
        await self._condition(cluster, objects.USER_CLEAN, "True")
        await self._finalizer(objects.CLUSTERS, cluster, wanted=False)

    async def _hooks(self, cluster: Object) -> None:
        """The hook on all Machines of a Cluster that has the finalizer."""
        metadata = cluster["metadata"]
        live = await self._api.find(objects.CLUSTERS, metadata["namespace"], metadata["name"])
        held = live is not None and objects.FINALIZER in (live["metadata"].get("finalizers") or ())
        for machine in await self._api.list(objects.MACHINES, metadata["namespace"]):
            own = machine["metadata"]
            labels = own.get("labels") or {}
            if labels.get("cluster.x-k8s.io/cluster-name") != metadata["name"]:
                continue
            leaves = _deleting(machine) and not _deleting(cluster)
            value = "ako-operator" if held and not leaves else None
            if (own.get("annotations") or {}).get(objects.HOOK) != value:
                body = {"metadata": {"annotations": {objects.HOOK: value}}}
                await self._api.patch(objects.MACHINES, own["namespace"], own["name"], body)

    async def _labelled(self, cluster: Object, value: str | None) -> None:
        if _label(cluster) != (value or ""):
            body = {"metadata": {"labels": {objects.LABEL: value}}}
            await self._patch(objects.CLUSTERS, cluster, body)

    async def _finalizer(self, kind: str, obj: Object, *, wanted: bool) -> None:
        present = list(obj["metadata"].get("finalizers") or [])
        if (objects.FINALIZER in present) == wanted:
            return
        after = [each for each in present if each != objects.FINALIZER]
        if wanted:
            after.append(objects.FINALIZER)
        await self._patch(kind, obj, {"metadata": {"finalizers": after}})

    async def _condition(self, cluster: Object, name: str, state: str) -> None:
        status = cluster.setdefault("status", {})
        kept = [each for each in status.get("conditions") or [] if each["type"] != name]
        status["conditions"] = [*kept, {"type": name, "status": state}]
        await self._patch(
            objects.CLUSTERS, cluster, {"status": {"conditions": status["conditions"]}}, "status"
        )

    async def _made(self, secret: Object) -> None:
        metadata = secret["metadata"]
        if await self._api.find(objects.SECRETS, metadata["namespace"], metadata["name"]) is None:
            await self._api.create(secret)

    async def _deleted(self, secret: Object) -> None:
        metadata = secret["metadata"]
        await self._api.delete(objects.SECRETS, metadata["namespace"], metadata["name"])

    async def _patch(
        self, kind: str, obj: Object, body: dict[str, typing.Any], subresource: str = ""
    ) -> None:
        metadata = obj["metadata"]
        await self._api.patch(
            kind, metadata.get("namespace"), metadata["name"], body, subresource=subresource
        )


def _deleting(obj: Object) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def _label(cluster: Object) -> str:
    return str((cluster["metadata"].get("labels") or {}).get(objects.LABEL) or "")
