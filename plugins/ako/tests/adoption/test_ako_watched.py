"""The guards around an adoption: packages that are not paused, and an AKO that restarts in it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from akoo_ako import installed, names, plugin
from akoo_ako.adoption import look, shape, watch
from akoo_ako.installs.owner import Owner
from akoo_ako.installs.recognise import Install, OwnedObject
from akoo_ako.installs.seen import Seen

from akoo_core.objects import record
from akoo_core.plugin import api, structs
from akoo_core.reconcile.decide import facts
from akoo_core.testing import memory

PACKAGE = Owner(kind="PackageInstall", name="lb", namespace="tkg-system", where="workload")


@pytest.mark.parametrize(
    ("name", "paused", "active"),
    [
        ("class", None, True),
        ("class", False, True),
        ("class", True, False),
        ("other", None, False),
        ("lb", None, False),  # The install's owner: the operator pauses it.
    ],
)
def test_a_package_of_a_part_has_to_be_paused(name: str, paused: bool | None, active: bool) -> None:
    package = {
        "apiVersion": "packaging.carvel.dev/v1alpha1",
        "kind": "PackageInstall",
        "metadata": {"name": name, "namespace": "tkg-system"},
        "spec": {} if paused is None else {"paused": paused},
    }
    owned = OwnedObject(kind="StatefulSet", name="ako", namespace="avi-system", owners=(PACKAGE,))
    of_class = structs.replace(PACKAGE, name="class")
    part = OwnedObject(kind="IngressClass", name="avi-lb", owners=(of_class,))
    install = Install(
        kind="Ancestor",
        namespace="avi-system",
        primary=True,
        cluster_name="my-cluster",
        stateful_set={"kind": "StatefulSet"},
        objects=(owned, part),
    )
    seen = Seen(namespace="team-a", name="shop", workload=(package,))
    verdict = look._obstacle(install, [install], seen)
    assert (verdict is not None) is active
    if verdict is not None:
        assert (verdict.reason, verdict.detach) == (
            "ManagedByOther",
            "PackageInstall tkg-system/class",
        )


def context(build: Any, adoption: record.Adoption, generation: int, *, written: bool = True) -> Any:
    """The context of observe after an adoption of an AKO whose Pod was ``old``."""
    server = memory.MemoryServer()
    server.seed(*build.deployed(), build.pod())
    stored = facts.stored(
        "ako",
        (
            installed.AkoInstall(
                namespace=names.NAMESPACE, selector=dict(names.SELECTOR), pods={"old": 0}
            ),
            shape.AkoShape(objects=()),
        ),
    )
    item = record.InventoryItem(
        plugin="ako", api_version="apps/v1", kind="StatefulSet", name="ako", digest="d"
    )
    view = build.view(facts=stored, inventory=(item,) if written else (), adoption=adoption)
    config = {**view.config, "metadata": {"name": "default", "generation": generation}}
    return build.context(server.client(), of=structs.replace(view, config=config))


def test_an_ako_that_restarts_in_its_adoption(build: Any) -> None:
    adoption = record.Adoption(started_at=build.now)
    failed = structs.replace(adoption, failure="AdoptionRestarted", config_generation=3)
    for state, generation, reason in (
        (adoption, 3, "AdoptionRestarted"),
        (failed, 3, "AdoptionRestarted"),
        (failed, 4, ""),
        (structs.replace(adoption, ended_at=build.now), 3, ""),
    ):
        answer = asyncio.run(plugin.AkoPlugin().observe(context(build, state, generation)))
        assert (answer.reason if isinstance(answer, api.Blocked) else "") == reason
    unwritten = context(build, adoption, 3, written=False)
    assert asyncio.run(watch.restarted(unwritten)) is None
