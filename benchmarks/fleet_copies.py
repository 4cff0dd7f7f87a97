"""Thousands of records as an operator leaves them at rest, without an operator making each.

One record that was really made is the template: what differs between two records (names, UIDs, the
digests of the inventory) is written anew. That it is right shows at once: the operator that looks
at the copies would write whatever is not.
"""

from __future__ import annotations

import copy
import json
import uuid
from typing import Any

from akoo_core import settings, structs
from akoo_core.kube import resource
from akoo_core.objects import cluster, names, record
from akoo_core.plugin import api
from akoo_core.plugin_host import caller, context, loader, registry
from akoo_core.reconcile.deploy import inventory
from benchmarks import fleet_bed

CLUSTERS = f"{resource.CLUSTERS.api_version}/{resource.CLUSTERS.kind}"
RECORDS = f"{resource.AKO_DEPLOYMENTS.api_version}/{resource.AKO_DEPLOYMENTS.kind}"
CONFIGS = f"{resource.AKO_DEPLOYMENT_CONFIGS.api_version}/{resource.AKO_DEPLOYMENT_CONFIGS.kind}"


class Copies:
    """Copies of the first Cluster of a fleet, and of its record."""

    def __init__(
        self,
        bed: fleet_bed.FleetBed,
        first: structs.JSON,
        made: structs.JSON,
        config: structs.JSON,
        plugins: registry.PluginSet,
    ) -> None:
        self._bed = bed
        self._first = first
        self._made = made
        self._config = config
        self._plugins = plugins
        self._caller = caller.VerbCaller(plugins)
        self.clusters: dict[str, dict[str, str]] = {}
        """The identity of each copy, by the UID of its Cluster, as ``Fleet.answers`` has it."""

    async def grow(self, count: int) -> None:
        """Have ``count`` Clusters and records, copies among them."""
        new = [f"c{number}" for number in range(len(self._bed.names), count)]
        await fleet_bed.at_once(new, self._copy)
        self._bed.names += new
        status = {"clusters": count, "ready": count}
        name = self._config["metadata"]["name"]
        await self._bed.api.patch(CONFIGS, None, name, {"status": status}, subresource="status")

    async def _copy(self, name: str) -> None:
        await self._bed.create(name)
        # Its own names are written first, then what says that it is looked after.
        target = await self._bed.api.get(CLUSTERS, fleet_bed.NAMESPACE, name)
        uid, system = target["metadata"]["uid"], str(uuid.uuid4())
        known = names.record_name(self._made["spec"]["managementId"], uid)
        self.clusters[uid] = {"uid": system, "record": known}
        metadata = {
            "annotations": self._mapped(self._first["metadata"]["annotations"], target, system),
            "finalizers": self._first["metadata"]["finalizers"],
        }
        api_, home = self._bed.api, fleet_bed.NAMESPACE
        target = await api_.patch(CLUSTERS, home, name, {"metadata": metadata})
        status = {"status": self._mapped(self._first["status"], target, system)}
        target = await api_.patch(CLUSTERS, home, name, status, subresource="status")
        await self._record(known, target, system)

    async def _record(self, name: str, target: structs.JSON, system: str) -> None:
        spec = self._mapped(self._made["spec"], target, system)
        spec["clusterRef"]["name"] = target["metadata"]["name"]
        spec["inventory"] = self._inventory(name, spec, target)
        about = {key: self._made["metadata"].get(key) for key in ("labels", "finalizers")}
        kind = {key: self._made[key] for key in ("apiVersion", "kind")}
        await self._bed.api.create({**kind, "metadata": {"name": name, **about}, "spec": spec})
        status = self._mapped(self._made["status"], target, system) | {"observedGeneration": 1}
        body = {"status": status}
        await self._bed.api.patch(RECORDS, None, name, body, subresource="status")

    def _inventory(self, name: str, spec: structs.JSON, target: structs.JSON) -> list[Any]:
        """The lines of the template with the digests of what this record wants."""
        decoded = structs.convert(spec, record.RecordSpec)
        contributions = {
            plugin.name: self._contribution(plugin, name, decoded, target)
            for plugin in self._plugins.ordered
        }
        items = {obj.key: obj.item(obj.digest) for obj in inventory.wanted(name, contributions)}
        return [structs.to_plain(items[key]) for key in sorted(items)]

    def _contribution(
        self, plugin: api.Plugin, name: str, spec: record.RecordSpec, target: structs.JSON
    ) -> api.Contribution:
        view = context.build_view(
            record_name=name,
            spec=spec,
            cluster=cluster.from_object(target),
            config=self._config,
            plugin=plugin,
        )
        answer = self._caller.call_pure("contribute", plugin, view)
        assert isinstance(answer, api.Contribution), answer
        return answer

    def _mapped(self, value: Any, target: structs.JSON, system: str) -> Any:
        """``value`` of the template with the names of a copy in it."""
        template = self._made["spec"]
        uid = target["metadata"]["uid"]
        text = json.dumps(copy.deepcopy(value))
        for old, new in (
            (self._made["metadata"]["name"], names.record_name(template["managementId"], uid)),
            (template["clusterRef"]["uid"], uid),
            (template["workload"]["kubeSystemUid"], system),
        ):
            text = text.replace(old, new)
        return json.loads(text)


async def of(bed: fleet_bed.FleetBed) -> Copies:
    """Copies of what an operator has made of the first Cluster of ``bed``."""
    first = await bed.api.get(CLUSTERS, fleet_bed.NAMESPACE, bed.names[0])
    made = await bed.api.get(
        RECORDS, None, first["metadata"]["annotations"][names.RECORD_ANNOTATION]
    )
    config = await bed.api.get(CONFIGS, None, made["spec"]["configRef"]["name"])
    return Copies(
        bed, first, made, config, loader.load(settings.load(overrides={"enabledPlugins": "ako"}))
    )
