"""The templates' controller dies at every call, and another process goes on: the end is the same.

Two configs have a template, one for each cluster and one for each namespace. The attempts of the
templates' controller and of the AviTenants' controller are made in turns. After each death every
tenant on the controller is that of its AviTenant, and no AviTenant that is in use is given up. By
default each kind of call to the API server is tried once; AKOO_PROOF=1 tries every call, also those
to the Avi Controller, where the test of AviTenants has the deaths.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from akoo_tenancy.controllers import templates
from akoo_tenancy.spec.tenant import AVI_TENANTS, CONFIG_ANNOTATION
from akoo_tenancy.tenants import marks

from akoo_core.plugin import api, kube, structs, uses
from akoo_core.plugin.records import StoredUse
from akoo_core.testing import builders, calls, verbs
from tests.tenancy.tenant_world import TenantsPlugin, TenantWorld

Json = dict[str, Any]
PROOF = os.environ.get("AKOO_PROOF") == "1"
PER = {"first": "Cluster", "second": "Namespace"}
CLUSTERS = {"shop": "first", "bank": "first", "lab": "second"}
"""Cluster to config."""
ROUNDS = 3


class TemplatesPlugin(TenantsPlugin):
    """The controllers of AviTenants and of templates."""

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return (*super().controllers(), templates.registration())


class TemplateWorld(TenantWorld):
    """A management cluster with the configs, and the records of their clusters."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, str] = {}
        """Record by cluster."""
        client = self.management.client()
        for name, per in PER.items():
            body = {
                "apiVersion": kube.AKO_DEPLOYMENT_CONFIGS.api_version,
                "kind": "AKODeploymentConfig",
                "metadata": {"name": name},
                "spec": {
                    "plugins": {
                        "avi": {"controller": "main"},
                        "tenancy": {"tenantTemplate": {"per": per}},
                    }
                },
            }
            self.run(client.create(kube.AKO_DEPLOYMENT_CONFIGS, body))
        for number, (cluster, config) in enumerate(CLUSTERS.items()):
            spec = builders.record_spec(
                builders.cluster(name=cluster, uid=f"{number:08}-0000-4000-8000-000000000000"),
                config_ref=structs.replace(builders.record_spec().config_ref, name=config),
            )
            record = {
                "apiVersion": kube.AKO_DEPLOYMENTS.api_version,
                "kind": "AKODeployment",
                "metadata": {"name": spec.ako_cluster_name},
                "spec": structs.to_object(spec),
            }
            self.names[cluster] = spec.ako_cluster_name
            self.run(client.create(kube.AKO_DEPLOYMENTS, record))

    def plugin(self) -> TemplatesPlugin:
        return TemplatesPlugin(self.clients)

    def patch(self, resource: kube.Resource, name: str, **spec: Any) -> None:
        self.run(self.management.client().merge_patch(resource, name, {"spec": spec}))

    def queued(self) -> list[tuple[str, str]]:
        """Each key that the queue has: templates first."""
        records = [(CLUSTERS[cluster], name) for cluster, name in self.names.items()]
        return [
            *(("tenant-templates", f"{config} {name}") for config, name in records),
            *(("tenant-templates", config) for config in PER),
            *(("tenants", name) for name in sorted(self.made())),
        ]

    def work(self) -> bool:
        """An attempt at each key, in turns; True if the process died."""
        for controller, key in self.queued():
            run = self.run(verbs.try_reconcile(self.plugin(), controller, key, self))
            self.check()
            if isinstance(run.error, calls.Crash):
                return True
            assert run.error is None, run.error
        return False

    def made(self) -> dict[str, Json]:
        """AviTenants by name."""
        rows = self.management.objects(AVI_TENANTS)
        return {row["metadata"]["name"]: row for row in rows}

    def tenants(self) -> dict[str, str]:
        """Tenants on the controller with our mark, and the AviTenant in it."""
        rows = self.admin.get("tenant?page_size=200")["results"]
        marked = {row["name"]: marks.read(row.get("description")) for row in rows}
        return {name: read[0].name for name, read in marked.items() if read}

    def check(self) -> None:
        """No tenant without its AviTenant; none in use is given up."""
        made, tenants = self.made(), self.tenants()
        assert all(name == owner for name, owner in tenants.items())
        assert tenants.keys() <= made.keys()
        for name, row in made.items():
            used = self.run(
                uses.uses_of(self.management.client(), AVI_TENANTS, name, row["metadata"]["uid"])
            )
            assert not (used and "deletionTimestamp" in row["metadata"]), f"{name} is in use"


def new() -> TemplateWorld:
    return TemplateWorld()


def made() -> TemplateWorld:
    there = TemplateWorld()
    assert not there.work()
    assert not there.work()
    return there


def changed() -> TemplateWorld:
    """A template has another policy."""
    there = made()
    template = {"per": "Cluster", "deletionPolicy": "Retain"}
    plugins = {"tenancy": {"tenantTemplate": template}}
    there.patch(kube.AKO_DEPLOYMENT_CONFIGS, "first", plugins=plugins)
    return there


def finished() -> TemplateWorld:
    """Two clusters are gone; of one of them a record is left that uses its tenant."""
    there = made()
    row = there.made()[there.names["shop"]]
    use = StoredUse(
        plugin="tenancy",
        group="akoo.io",
        kind="AviTenant",
        name=there.names["shop"],
        uid=row["metadata"]["uid"],
        state="confirmed",
    )
    there.patch(
        kube.AKO_DEPLOYMENTS,
        there.names["shop"],
        uses=[structs.to_object(use)],
        observed=True,  # wants no tenant any more, and is no end of a cluster
    )
    for cluster in ("bank", "lab"):
        at = "2026-01-01T00:00:00Z"
        there.patch(kube.AKO_DEPLOYMENTS, there.names[cluster], finishedAt=at)
    return there


def dropped() -> TemplateWorld:
    """A config has no template any more."""
    there = made()
    there.patch(kube.AKO_DEPLOYMENT_CONFIGS, "first", plugins={"tenancy": None})
    return there


SCENES: dict[Callable[[], TemplateWorld], set[str]] = {
    new: {"shop", "bank", "lab"},
    changed: {"shop", "bank", "lab"},
    finished: {"shop"},
    dropped: {"lab"},
}
"""The clusters whose tenants are there in the end."""


def settle(there: TemplateWorld) -> None:
    """Another process, until nothing is left to do."""
    for _ in range(ROUNDS):
        assert not there.work()
        there.clock.advance(150.0)


def end(there: TemplateWorld) -> object:
    """AviTenants and tenants, and the condition of each config."""
    objects = {
        name: (row["spec"], row["metadata"]["annotations"][CONFIG_ANNOTATION])
        for name, row in there.made().items()
    }
    configs = {
        row["metadata"]["name"]: [
            (condition["type"], condition["status"], condition["reason"])
            for condition in (row.get("status") or {}).get("conditions") or ()
        ]
        for row in there.management.objects(kube.AKO_DEPLOYMENT_CONFIGS)
    }
    return objects, there.tenants(), configs


def wanted(there: TemplateWorld, clusters: set[str]) -> set[str]:
    """The names of the AviTenants of these clusters."""
    return {
        f"second.{builders.cluster().namespace}" if CLUSTERS[cluster] == "second" else name
        for cluster, name in there.names.items()
        if cluster in clusters
    }


def moments(make: Callable[[], TemplateWorld]) -> Iterator[tuple[int, calls.Moment]]:
    """Before and after each kind of write, and after each kind of read."""
    there = make()
    before = len(there.calls.made)
    assert not there.work()
    seen: set[tuple[str, str]] = set()
    for number, call in enumerate(there.calls.made[before:], start=1):
        site = call.system, call.operation
        if PROOF or (call.system != "avi" and site not in seen):
            seen.add(site)
            if call.write:
                yield number, "before"
            yield number, "after"


@pytest.mark.parametrize("make", SCENES, ids=lambda scene: scene.__name__)
def test_a_death_at_any_call_ends_as_without_it(make: Callable[[], TemplateWorld]) -> None:
    whole = make()
    settle(whole)
    names = wanted(whole, SCENES[make])
    assert set(whole.made()) == names
    assert set(whole.tenants()) == names
    policies = {row["spec"].get("deletionPolicy") for row in whole.made().values()}
    assert ("Retain" in policies) == (make is changed)
    tried = 0
    for number, moment in moments(make):
        there = make()
        there.calls.fail(number, moment, calls.Crash())
        died = there.work()
        there.calls.heal()
        if moment == "after" and not died:
            continue  # The call failed by itself.
        assert died, (number, moment)
        settle(there)
        assert end(there) == end(whole), (number, moment)
        tried += 1
    assert tried >= 5


def test_giving_up_what_is_in_use_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(*_: object) -> tuple[str, ...]:
        return ()

    there = finished()
    with monkeypatch.context() as broken:
        broken.setattr("akoo_tenancy.controllers.templates.uses.uses_of", nobody)
        for controller, key in there.queued():
            there.run(verbs.try_reconcile(there.plugin(), controller, key, there))
    with pytest.raises(AssertionError, match="is in use"):
        there.check()
