"""Many Clusters at once, and a Cluster that comes back under its name within a second."""

from __future__ import annotations

import asyncio
import collections
import time

from tests.e2e import conftest as e2e
from tests.fire import fire_laws, fire_operator, fire_stage, fire_weather
from tests.fire.conftest import PROOF

CROWD = 100 if PROOF else 12
WITH_AKO = ("first", "last")
"""Clusters of the crowd whose workload comes up; all others never have a control plane."""


async def test_a_crowd_comes_and_goes(
    stage: fire_stage.Stage, operators: fire_operator.Operators
) -> None:
    bare = [f"bare-{number}" for number in range(CROWD - len(WITH_AKO))]
    real = WITH_AKO if PROOF else ()
    await operators.ready()
    await stage.config()
    began = time.monotonic()
    await asyncio.gather(*map(stage.cluster_parts, real), *map(stage.bare_cluster, bare))
    created = time.monotonic()
    for name in real:
        await stage.record(name, phase="Running")
    for name in bare:
        await stage.bare_ready(name)
    onboarded = time.monotonic()
    await stage.all_gone(*bare, *real)
    gone = time.monotonic()
    records = await stage.ended(len(bare) + len(real))
    ended = time.monotonic()

    refs = {record["spec"]["clusterRef"]["uid"] for record in records}
    assert len(refs) == len(records)
    made = collections.Counter(stage.gate.outside.made)
    assert made == collections.Counter(
        f"{kind}/{record['metadata']['name']}"
        for record in records
        for kind in ("claims", "accounts")
    )
    calls = len(stage.gate.journal.of(lambda one: not one.watch))
    print(  # noqa: T201
        f"{len(records)} Clusters: created in {created - began:.1f} s, all onboarded "
        f"{onboarded - created:.1f} s later; deleted at once and gone in {gone - onboarded:.1f} s, "
        f"all finished {ended - gone:.1f} s later; {calls / len(records):.0f} calls each"
    )


async def test_a_cluster_that_is_created_again_at_once_in_bad_weather(
    stage: fire_stage.Stage, operators: fire_operator.Operators
) -> None:
    """The old one leaves, the new one has a record of its own, and neither takes from the other;
    while the watches end at each event, are cut, or late."""
    weather = fire_weather.mixed()
    stage.gate.rule = weather.rule
    await operators.ready()
    await stage.config()
    await stage.bare_cluster("shop")
    old = await stage.bare_ready("shop")
    gone = asyncio.create_task(stage.gone("shop"))
    await stage.delete("shop")
    await gone
    at = time.monotonic()
    cluster = await stage.bare_cluster("shop")
    print(f"created again {time.monotonic() - at:.2f} s after it was gone")  # noqa: T201
    new = await stage.bare_ready("shop")
    assert new["metadata"]["name"] != old["metadata"]["name"]
    assert new["spec"]["clusterRef"]["uid"] == cluster["metadata"]["uid"]
    assert "leaving" not in new["spec"]
    await stage.until_record(old["metadata"]["name"], phase="Finished")
    held = await stage.api.get(e2e.CLUSTER, stage.namespace, "shop")
    assert fire_laws.held([held]) == ["shop"], "the new one lost its finalizer to the old one"
    assert stage.gate.outside.accounts == {new["metadata"]["name"]}
    await stage.all_gone("shop")
    await stage.ended(2)
    weather.tell(stage)
