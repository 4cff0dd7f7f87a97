"""Many Clusters at once, and a Cluster that comes back under its name within a second."""

from __future__ import annotations

import asyncio
import collections
import time

from tests.e2e import conftest as e2e
from tests.fire import fire_bed, fire_laws, fire_operator, fire_weather
from tests.fire.conftest import PROOF

CROWD = 100 if PROOF else 12
WITH_AKO = ("first", "last")
"""Clusters of the crowd whose workload comes up; all others never have a control plane."""


async def test_a_crowd_comes_and_goes(
    fire: fire_bed.FireBed, operators: fire_operator.Operators
) -> None:
    bare = [f"bare-{number}" for number in range(CROWD - len(WITH_AKO))]
    real = WITH_AKO if PROOF else ()
    await operators.ready()
    await fire.config()
    began = time.monotonic()
    await asyncio.gather(*map(fire.cluster_parts, real), *map(fire.bare_cluster, bare))
    created = time.monotonic()
    for name in real:
        await fire.record(name, phase="Running")
    for name in bare:
        await fire.bare_ready(name)
    onboarded = time.monotonic()
    await fire.all_gone(*bare, *real)
    gone = time.monotonic()
    records = await fire.ended(len(bare) + len(real))
    ended = time.monotonic()

    refs = {record["spec"]["clusterRef"]["uid"] for record in records}
    assert len(refs) == len(records)
    made = collections.Counter(fire.gate.outside.made)
    assert made == collections.Counter(
        f"{kind}/{record['metadata']['name']}"
        for record in records
        for kind in ("claims", "accounts")
    )
    calls = len(fire.gate.journal.of(lambda call: not call.watch))
    print(  # noqa: T201
        f"{len(records)} Clusters: created in {created - began:.1f} s, all onboarded "
        f"{onboarded - created:.1f} s later; deleted at once and gone in {gone - onboarded:.1f} s, "
        f"all finished {ended - gone:.1f} s later; {calls / len(records):.0f} calls each"
    )


async def test_a_cluster_that_is_created_again_at_once_in_bad_weather(
    fire: fire_bed.FireBed, operators: fire_operator.Operators
) -> None:
    """The old one leaves, the new one has a record of its own, and neither takes from the other;
    while the watches end at each event, are cut, or late."""
    weather = fire_weather.mixed()
    fire.gate.rule = weather.rule
    await operators.ready()
    await fire.config()
    await fire.bare_cluster("shop")
    old = await fire.bare_ready("shop")
    gone = asyncio.create_task(fire.gone("shop"))
    await fire.delete("shop")
    await gone
    at = time.monotonic()
    cluster = await fire.bare_cluster("shop")
    print(f"created again {time.monotonic() - at:.2f} s after it was gone")  # noqa: T201
    new = await fire.bare_ready("shop")
    assert new["metadata"]["name"] != old["metadata"]["name"]
    assert new["spec"]["clusterRef"]["uid"] == cluster["metadata"]["uid"]
    assert "leaving" not in new["spec"]
    await fire.until_record(old["metadata"]["name"], phase="Finished")
    held = await fire.api.get(e2e.CLUSTER, fire.namespace, "shop")
    assert fire_laws.held([held]) == ["shop"], "the new one lost its finalizer to the old one"
    assert fire.gate.outside.accounts == {new["metadata"]["name"]}
    await fire.all_gone("shop")
    await fire.ended(2)
    weather.tell(fire)
