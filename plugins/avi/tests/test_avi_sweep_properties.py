"""Whatever is on the controller and whatever goes wrong: what is own goes, and nothing else.

Inventories of several clusters under confusable names, marks half missing, references across them;
faults at any place. The oracle counts in the simulator's store.
"""

from __future__ import annotations

import asyncio
from typing import Any

import hypothesis
import hypothesis.strategies as st
from akoo_avi.client import AviError
from akoo_testbed.avisim import faults, snapshots

from akoo_core.plugin import api
from tests.avi import avi_hostile as hostile
from tests.avi import avi_oracle as oracle
from tests.avi.avi_bed import AviBed

EXAMPLES = 60


def reached_by_foreign(bed: AviBed, own: frozenset[tuple[str, str]]) -> set[tuple[str, str]]:
    """Own objects that something else keeps, at any distance. From the store's own references."""
    objects = bed.controller.state.objects
    kept: set[tuple[str, str]] = set()
    edge = [
        key for key in own if any(referrer.key not in own for referrer in objects.referrers(key))
    ]
    while edge:
        key = edge.pop()
        if key in own and key not in kept:
            kept.add(key)
            stored = objects.get(*key)
            edge += stored.targets if stored else []
    return kept


def fault_lists() -> st.SearchStrategy[list[faults.Fault]]:
    answers = ["broken", "booting", "gateway-timeout", "stale", "no-session", "upgrade", "referred"]
    fault = st.builds(
        lambda answer, method, skip, times, after: faults.Fault(
            answer=answer, method=method, skip=skip, times=times, after=after
        ),
        st.sampled_from(answers),
        st.sampled_from(["GET", "DELETE", "PUT", "*"]),
        st.integers(0, 30),
        st.integers(1, 4),
        st.booleans(),
    )
    lost = st.builds(
        lambda skip, after: faults.Fault(drop=True, skip=skip, after=after),
        st.integers(0, 40),
        st.booleans(),
    )
    return st.lists(fault | lost, max_size=4)


SCENES: dict[str, Any] = {
    "things": hostile.inventories(),
    "cluster": st.sampled_from(hostile.CLUSTERS),
    "routes": hostile.route_lists(),
    "labels": hostile.label_lists(),
}


def scene(things: Any, cluster: str, routes: Any, labels: Any, **chosen: str) -> AviBed:
    bed = AviBed(cluster, **chosen)
    bed.fill(things)
    bed.route(*routes)
    bed.label(*[label["value"] for label in labels if label["key"] == "clustername"])
    bed.claim()
    return bed


def shared(bed: AviBed) -> bool:
    """True if a name that was read in the cluster is a stranger's as well: then nothing may go."""
    if oracle.made_by_operator(bed.cluster):
        return False
    return oracle.elsewhere(bed.controller, bed.cluster, bed.cloud)


def check(bed: AviBed, before: snapshots.Snapshot, first: oracle.Count, stuck: Any) -> None:
    """Gone is exactly what was own and not kept; everything else is byte for byte as it was."""
    diff = bed.diff(before)
    assert set(diff.removed) == first.objects - stuck
    assert not diff.added
    edited = {key[:2] for key in first.own if len(key) == 3}
    assert set(diff.changed) == edited
    assert not diff.touched - edited
    after = bed.count()
    assert after.objects == stuck
    assert {key for key in after.own if len(key) == 3} == set()
    kept = {key for key in first.suspect if len(key) == 2}
    assert {key for key in after.suspect if len(key) == 2} == kept


async def sweep_all(bed: AviBed) -> api.Result:
    return await bed.swept(calls=60)


@hypothesis.settings(max_examples=EXAMPLES)
@hypothesis.given(**SCENES)
def test_a_sweep_deletes_exactly_what_is_own(
    things: Any, cluster: str, routes: Any, labels: Any
) -> None:
    bed = scene(things, cluster, routes, labels)
    before, first = bed.controller.snapshot(), bed.count()
    if shared(bed):
        asyncio.run(sweep_all(bed))
        assert not bed.diff(before)
        return
    stuck = reached_by_foreign(bed, first.objects)
    result = asyncio.run(sweep_all(bed))
    assert isinstance(result, api.Wait if stuck else api.Done), result
    check(bed, before, first, stuck)
    proof = asyncio.run(bed.verify())
    assert isinstance(proof, api.Proof)
    last = bed.count()
    assert (proof.own, proof.suspect, proof.held) == (len(stuck), len(last.suspect), len(stuck))
    assert bool(proof.held_by) == bool(stuck)


@hypothesis.settings(max_examples=EXAMPLES)
@hypothesis.given(planted=fault_lists(), **SCENES)
def test_faults_delay_and_change_nothing_of_the_end(
    planted: list[faults.Fault], things: Any, cluster: str, routes: Any, labels: Any
) -> None:
    bed = scene(things, cluster, routes, labels)
    before, first = bed.controller.snapshot(), bed.count()
    stuck = reached_by_foreign(bed, first.objects)
    for fault in planted:
        bed.controller.faults.add(fault)

    async def live() -> None:
        for _ in range(40):
            try:
                answer: Any = await bed.sweep()
                answer = await bed.verify()
            except AviError:
                continue
            counted = bed.count()
            clean = isinstance(answer, api.Proof) and not answer.own and not answer.held
            if clean:
                assert not counted.own, oracle.shown(bed.controller, counted.own)
            if shared(bed) or (isinstance(answer, api.Proof) and answer.own == len(stuck)):
                return

    asyncio.run(live())
    if shared(bed):
        assert not bed.diff(before)
    else:
        check(bed, before, first, stuck)


@hypothesis.settings(max_examples=EXAMPLES // 2)
@hypothesis.given(
    things=hostile.inventories(), cluster=st.sampled_from(hostile.CLUSTERS), data=st.data()
)
def test_others_may_delete_the_same_objects_meanwhile(
    things: Any, cluster: str, data: st.DataObject
) -> None:
    bed = scene(things, cluster, [], [])
    before, first = bed.controller.snapshot(), bed.count()
    if shared(bed):
        return
    stuck = reached_by_foreign(bed, first.objects)
    gone: set[tuple[str, str]] = set()
    client = bed.client()
    delete = client.delete

    async def raced(kind: str, uuid: str, *, tenant: str) -> bool:
        theirs = sorted(first.objects - gone - stuck)
        if theirs:
            key = data.draw(st.sampled_from(theirs))
            if bed.hand.call("DELETE", "/".join(key), x_avi_tenant="*").status == 204:
                gone.add(key)
        return await delete(kind, uuid, tenant=tenant)

    client.delete = raced  # type: ignore[method-assign]
    asyncio.run(bed.swept(calls=10, client=lambda: client))
    assert set(bed.diff(before).removed) == first.objects - stuck
