"""Watches that end, are cut, are slow, are silent, and that the API server cannot go on with."""

from __future__ import annotations

import collections
import time

import pytest

from tests.e2e import conftest as e2e
from tests.fire import fire_bed, fire_gate, fire_journal, fire_operator, fire_weather
from tests.fire.conftest import PROOF

BORNE_SECONDS = 90.0
"""The longest silence of a watch."""
FOLLOWED = ("akodeploymentconfigs", "akodeployments", "clusters", "secrets")


@pytest.mark.skipif(not PROOF, reason="whole lives are for make proof")
@pytest.mark.parametrize("way", ["mixed", "end", "late", "cut"])
async def test_a_life_in_bad_weather(
    fire: fire_bed.FireBed, operators: fire_operator.Operators, way: str
) -> None:
    """Nothing is missed, and nothing is done twice."""
    weather = fire_weather.mixed() if way == "mixed" else fire_weather.Weather(way)
    fire.gate.rule = weather.rule
    await operators.ready()
    await fire.config()
    await fire.cluster()
    await fire.record(phase="Running")
    applied = _applies(fire)
    assert applied, "nothing was deployed"
    assert set(applied.values()) == {1}, applied
    await fire.delete()
    await fire.gone()
    await fire.ended()
    assert _applies(fire) == applied, "applied again while it left"
    weather.tell(fire)


def _applies(fire: fire_bed.FireBed) -> collections.Counter[str]:
    return fire.gate.journal.counts(
        lambda call: call.system == "workload" and call.content_type.endswith("apply-patch+yaml")
    )


async def test_what_happened_behind_a_compaction(
    fire: fire_bed.FireBed, operators: fire_operator.Operators
) -> None:
    """While the operator is cut off Clusters come, go, are unselected and replaced; then history
    is gone, and the API server is started again below its watches."""
    names = ("kept", "deleted", "unselected", "replaced")
    await operators.ready()
    await fire.config(onUnmatch="Remove")
    for name in names:
        await fire.bare_cluster(name)
    before = {name: (await fire.bare_ready(name))["metadata"]["name"] for name in names}
    await fire.at_rest()

    await _under_its_watches(fire)
    await fire.delete("deleted")
    label = {"metadata": {"labels": dict.fromkeys(fire.labels)}}
    await fire.api.patch(e2e.CLUSTER, fire.namespace, "unselected", label)
    confirmed = {"metadata": {"annotations": {"akoo.io/confirm-removal": ""}}}
    await fire.api.patch(e2e.RECORD, None, before["unselected"], confirmed)
    await fire.unhold("replaced")
    await fire.delete("replaced")
    await fire.gone("replaced")
    await fire.bare_cluster("replaced")
    await fire.bare_cluster("new")
    await fire.bed.call(fire.bed.bed.etcd.compact())

    began = time.monotonic()
    fire.gate.reopen("a")
    for name in ("deleted", "unselected"):
        await fire.until_record(before[name], phase="Finished")
    for name in ("new", "replaced"):
        assert (await fire.bare_ready(name))["metadata"]["name"] not in before.values()
    vanished = await fire.until_held(before["replaced"], "ClusterVanished")
    print(f"all noticed {time.monotonic() - began:.1f} s after the watches were let through")  # noqa: T201
    assert len(fire.gate.gone) >= len(FOLLOWED), fire.gate.gone
    kept = fire.gate.journal.of(
        lambda call: (
            call.write
            and call.at > began
            and (
                before["kept"] in call.path
                or call.path.endswith(("/clusters/kept", "/kept/status"))
            )
        )
    )
    assert not kept, [str(call) for call in kept]

    word = {"metadata": {"annotations": {"akoo.io/leave": "sweep"}}}
    await fire.api.patch(e2e.RECORD, None, vanished["metadata"]["name"], word)
    await fire.all_gone("kept", "unselected", "replaced", "new")
    await fire.gone("deleted")  # Let go long ago; Cluster API may still be at it.
    await fire.ended(6)


async def _under_its_watches(fire: fire_bed.FireBed) -> None:
    """Start the API server again below open watches, which then hear nothing more."""
    server = fire.bed.bed.management
    fire.gate.shut("a")
    await fire.bed.call(server.stop())
    await fire.bed.call(server.start())
    await fire.bed.call(server.ready())


@pytest.mark.skipif(not PROOF, reason="the silence that is borne lasts 90 seconds")
async def test_silence_is_noticed(
    fire: fire_bed.FireBed, operators: fire_operator.Operators
) -> None:
    """A watch that stays open and says nothing: all of it was lost, and nothing is missed."""
    await operators.ready()
    await fire.config()
    for name in ("deleted", "kept"):
        await fire.bare_cluster(name)
        await fire.bare_ready(name)
    deaf = time.monotonic()

    async def silent(call: fire_journal.Call, number: int, line: bytes) -> fire_gate.Line:
        return "swallow" if call.at < deaf else "pass"

    fire.gate.rule = silent
    await fire.delete("deleted")
    # The usual patience is as long as the silence.
    await fire.api.wait_for(
        e2e.CLUSTER, fire.namespace, "deleted", lambda obj: obj is None, BORNE_SECONDS + 90.0
    )
    noticed = time.monotonic() - deaf
    print(f"noticed after {noticed:.0f} s")  # noqa: T201
    assert noticed > 60
    await fire.delete("kept")
    await fire.gone("kept")
    await fire.ended(2)
