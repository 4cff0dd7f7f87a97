"""Watches that end, are cut, are slow, are silent, and that the API server cannot go on with."""

from __future__ import annotations

import collections
import time

import pytest

from tests.e2e import conftest as e2e
from tests.fire import fire_gate, fire_journal, fire_operator, fire_stage, fire_weather
from tests.fire.conftest import PROOF

BORNE_SECONDS = 90.0
"""How long a watch may be silent."""
FOLLOWED = ("akodeploymentconfigs", "akodeployments", "clusters", "secrets")


@pytest.mark.skipif(not PROOF, reason="whole lives are for make proof")
@pytest.mark.parametrize("way", ["mixed", "end", "late", "cut"])
async def test_a_life_in_bad_weather(
    stage: fire_stage.Stage, operators: fire_operator.Operators, way: str
) -> None:
    """Nothing is missed, and nothing is done twice."""
    weather = fire_weather.mixed() if way == "mixed" else fire_weather.Weather(way)
    stage.gate.rule = weather.rule
    await operators.ready()
    await stage.config()
    await stage.cluster()
    await stage.record(phase="Running")
    applied = _applies(stage)
    assert applied, "nothing was deployed"
    assert set(applied.values()) == {1}, applied
    await stage.delete()
    await stage.gone()
    await stage.ended()
    assert _applies(stage) == applied, "applied again while it left"
    weather.tell(stage)


def _applies(stage: fire_stage.Stage) -> collections.Counter[str]:
    return stage.gate.journal.counts(
        lambda one: one.system == "workload" and one.content_type.endswith("apply-patch+yaml")
    )


async def test_what_happened_behind_a_compaction(
    stage: fire_stage.Stage, operators: fire_operator.Operators
) -> None:
    """While the operator is cut off Clusters come, go, are unselected and replaced; then history
    is gone, and the API server is started again below its watches."""
    names = ("kept", "deleted", "unselected", "replaced")
    await operators.ready()
    await stage.config(onUnmatch="Remove")
    for name in names:
        await stage.bare_cluster(name)
    before = {name: (await stage.bare_ready(name))["metadata"]["name"] for name in names}
    await stage.at_rest()

    await _under_its_watches(stage)
    await stage.delete("deleted")
    label = {"metadata": {"labels": dict.fromkeys(stage.labels)}}
    await stage.api.patch(e2e.CLUSTER, stage.namespace, "unselected", label)
    confirmed = {"metadata": {"annotations": {"akoo.io/confirm-removal": ""}}}
    await stage.api.patch(e2e.RECORD, None, before["unselected"], confirmed)
    await stage.unhold("replaced")
    await stage.delete("replaced")
    await stage.gone("replaced")
    await stage.bare_cluster("replaced")
    await stage.bare_cluster("new")
    await stage.bed.call(stage.bed.bed.etcd.compact())

    began = time.monotonic()
    stage.gate.reopen("a")
    for name in ("deleted", "unselected"):
        await stage.until_record(before[name], phase="Finished")
    for name in ("new", "replaced"):
        assert (await stage.bare_ready(name))["metadata"]["name"] not in before.values()
    vanished = await stage.until_held(before["replaced"], "ClusterVanished")
    print(f"all noticed {time.monotonic() - began:.1f} s after the watches were let through")  # noqa: T201
    assert len(stage.gate.gone) >= len(FOLLOWED), stage.gate.gone
    kept = stage.gate.journal.of(
        lambda one: (
            one.write
            and one.at > began
            and (
                before["kept"] in one.path or one.path.endswith(("/clusters/kept", "/kept/status"))
            )
        )
    )
    assert not kept, [str(one) for one in kept]

    word = {"metadata": {"annotations": {"akoo.io/leave": "sweep"}}}
    await stage.api.patch(e2e.RECORD, None, vanished["metadata"]["name"], word)
    await stage.all_gone("kept", "unselected", "replaced", "new")
    await stage.gone("deleted")  # Let go long ago; Cluster API may still be at it.
    await stage.ended(6)


async def _under_its_watches(stage: fire_stage.Stage) -> None:
    """Start the API server again below open watches, which then hear nothing more."""
    server = stage.bed.bed.management
    stage.gate.shut("a")
    await stage.bed.call(server.stop())
    await stage.bed.call(server.start())
    await stage.bed.call(server.ready())


@pytest.mark.skipif(not PROOF, reason="the silence that is borne lasts 90 seconds")
async def test_silence_is_noticed(
    stage: fire_stage.Stage, operators: fire_operator.Operators
) -> None:
    """A watch that stays open and says nothing: all of it was lost, and nothing is missed."""
    await operators.ready()
    await stage.config()
    for name in ("deleted", "kept"):
        await stage.bare_cluster(name)
        await stage.bare_ready(name)
    deaf = time.monotonic()

    async def silent(call: fire_journal.Call, number: int, line: bytes) -> fire_gate.Line:
        return "swallow" if call.at < deaf else "pass"

    stage.gate.rule = silent
    await stage.delete("deleted")
    # The usual patience is as long as the silence.
    await stage.api.wait_for(
        e2e.CLUSTER, stage.namespace, "deleted", lambda obj: obj is None, BORNE_SECONDS + 90.0
    )
    noticed = time.monotonic() - deaf
    print(f"noticed after {noticed:.0f} s")  # noqa: T201
    assert noticed > 60
    await stage.delete("kept")
    await stage.gone("kept")
    await stage.ended(2)
