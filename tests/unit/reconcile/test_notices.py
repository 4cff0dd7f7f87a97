"""Events and log lines: a Warning for each new cause, a Normal when it is over, and no noise."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.kube import errors
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.reconcile.status import notices
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet

BOTH = ("Cluster", "AKODeployment")


async def events_about(fleet: ReconcileFleet, about: str = "Cluster") -> list[tuple[str, str]]:
    """(type, reason) of the Events about objects of a kind, the oldest first."""
    return [(event["type"], event["reason"]) for event in await fleet.event_objects(about)]


def blocked(reason: str = "NetworkNotFound") -> api.Blocked:
    return api.Blocked(reason=reason, message='network "vip-edge" does not exist.', after=60)


async def run(fleet: ReconcileFleet, name: str, *, seconds: float = 1.0) -> None:
    fleet.clock.advance(seconds)
    await fleet.run(name)


@pytest.mark.parametrize("about", BOTH)
async def test_a_cause_is_warned_of_once_and_its_end_is_told(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str, about: str
) -> None:
    avi.fail["prepare"] = blocked()
    for _ in range(3):
        await run(fleet, name)
    avi.fail.clear()
    for _ in range(2):
        await run(fleet, name)
    assert await events_about(fleet, about) == [
        ("Normal", "AKODeployed"),
        ("Warning", "AKONotReady"),
        ("Normal", "AKOReady"),
    ]
    warning = (await fleet.event_objects(about))[1]
    assert warning["note"].startswith('NetworkNotFound: AviReady=False: network "vip-edge"')


async def test_an_event_about_a_record_is_in_the_default_namespace(
    fleet: ReconcileFleet, name: str
) -> None:
    (event,) = await fleet.event_objects("AKODeployment")
    assert event["metadata"]["namespace"] == "default"
    assert "namespace" not in event["regarding"]
    assert event["regarding"]["name"] == name


async def test_each_other_cause_is_warned_of(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    for reason in ("NetworkNotFound", "CredentialRefused", "CloudNotFound"):
        avi.fail["prepare"] = blocked(reason)
        await run(fleet, name)
    notes = [event["note"].partition(":")[0] for event in await fleet.event_objects()]
    assert notes[1:] == ["NetworkNotFound", "CredentialRefused", "CloudNotFound"]


async def test_a_cause_that_comes_and_goes_is_told_once_in_ten_minutes(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    for seconds in (1, 100, 100, notices.SILENT_SECONDS):
        avi.fail["prepare"] = blocked()
        await run(fleet, name, seconds=seconds)
        avi.fail.clear()
        await run(fleet, name)
    reasons = [reason for _, reason in await events_about(fleet)]
    assert reasons.count("AKONotReady") == 2


async def test_a_verb_that_fails_is_warned_of(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    avi.fail["prepare"] = RuntimeError("no")
    await run(fleet, name)
    assert ("Warning", "AKONotReady") in await events_about(fleet)


async def test_a_wait_is_warned_of_only_when_it_takes_too_long(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, name: str
) -> None:
    ako.drain_answer = api.Wait(reason="AkoDeleting", message="wait", after=1, expected_seconds=300)
    await fleet.delete_cluster()
    for _ in range(4):
        await run(fleet, name, seconds=60)
    assert all(kind == "Normal" for kind, _ in await events_about(fleet))
    for _ in range(4):
        await run(fleet, name, seconds=60)
    warnings = [reason for kind, reason in await events_about(fleet) if kind == "Warning"]
    assert warnings == ["AKOCleanupHeld"]


async def test_an_undisturbed_departure_warns_of_nothing(fleet: ReconcileFleet, name: str) -> None:
    await fleet.delete_cluster()
    for _ in range(3):
        await run(fleet, name, seconds=30)
    assert fleet.record(name).status.phase == "Finished"
    for about in BOTH:
        events = await events_about(fleet, about)
        assert {kind for kind, _ in events} == {"Normal"}
        assert ("Normal", "ClusterLetGo") in events


async def test_a_cleanup_that_is_held_is_warned_of(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    avi.fail["sweep"] = avi.fail["verify"] = blocked("NoSight")
    await fleet.delete_cluster()
    await run(fleet, name)
    assert ("Warning", "AKOCleanupHeld") in await events_about(fleet)


async def test_what_a_person_wants_is_no_warning(fleet: ReconcileFleet, name: str) -> None:
    await fleet.annotate(name, paused="")
    await run(fleet, name)
    await fleet.annotate(name, paused=None, leave="orphan")
    await run(fleet, name)
    await run(fleet, name)
    assert fleet.condition(name, "Ready") == ("True", "Orphaned")
    assert fleet.on_cluster() == ("Unknown", "Orphaned")
    assert await events_about(fleet) == [("Normal", "AKODeployed")]


async def test_the_event_of_a_proof_has_counts_only(fleet: ReconcileFleet, name: str) -> None:
    await fleet.delete_cluster()
    for _ in range(2):
        await run(fleet, name, seconds=30)
    (event,) = [obj for obj in await fleet.event_objects() if obj["reason"] == "AKOCleanupProven"]
    assert event["note"] == f"own 0, suspect 0, held 0; see spec.leaving.proof of {name}."


async def test_a_cluster_that_is_let_go_unproven_is_a_warning(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    avi.fail["sweep"] = avi.fail["verify"] = blocked("NoSight")
    await fleet.delete_cluster()
    for _ in range(3):
        await run(fleet, name, seconds=1900)
    assert reconcile_fleet.let_go(fleet, name) == "Deadline"
    assert ("Warning", "ClusterLetGo") in await events_about(fleet)


async def test_a_new_process_repeats_no_warning(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    avi.fail["prepare"] = blocked()
    await run(fleet, name)
    await fleet.recorder.flush()
    fleet.start()
    await run(fleet, name)
    avi.fail.clear()
    await run(fleet, name)
    assert await events_about(fleet) == [
        ("Normal", "AKODeployed"),
        ("Warning", "AKONotReady"),
        ("Normal", "AKOReady"),
    ]


async def test_a_cluster_that_is_refused_a_record_hears_why_once(fleet: ReconcileFleet) -> None:
    name = await fleet.cluster(finalizers=["cluster.cluster.x-k8s.io", names.FINALIZER])
    await fleet.delete_cluster()
    for _ in range(2):
        await run(fleet, name)
    assert await events_about(fleet) == [("Warning", "AKONotReady")]
    (event,) = await fleet.event_objects()
    assert event["note"].startswith(
        f"RecordMissing: This Cluster carries the finalizer {names.FINALIZER}"
    )


async def test_each_change_of_phase_or_cause_is_one_line_of_the_log(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="akoo_core.reconcile.act.status")
    avi.fail["prepare"] = blocked()
    for _ in range(2):
        await run(fleet, name)
    avi.fail.clear()
    await run(fleet, name)
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["demo/shop: Running, NetworkNotFound", "demo/shop: Running"]
    fields = vars(caplog.records[0])
    assert (fields["cluster"], fields["record"]) == ("demo/shop", name)
    assert fields["reason"] == "NetworkNotFound"
    assert fields["problem"].startswith("AviReady=False: network")


async def test_events_that_are_refused_hold_nothing_up(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    fleet.management.faults.before("create events", errors.ForbiddenError("no"), times=99)
    avi.fail["prepare"] = blocked()
    await run(fleet, name)
    assert fleet.condition(name, "Ready") == ("False", "NetworkNotFound")


# The memory, by itself.

STEPS = st.lists(
    st.tuples(st.sampled_from(["", "A", "B"]), st.floats(min_value=0, max_value=400)), max_size=40
)


@given(STEPS, st.sampled_from([0.0, 50.0]))
def test_a_cause_is_never_told_twice_within_its_silence(
    steps: list[tuple[str, float]], patience: float
) -> None:
    causes, now, before = notices.FaultMemory(), 0.0, ""
    shown: dict[str, float] = {}
    open_cause = False
    for reason, seconds in steps:
        now += seconds
        verdict = causes.judge("uid", reason, before=before, patience=patience, now=now)
        before = reason
        if verdict == "new":
            assert reason
            assert now - shown.get(reason, -1e9) >= notices.SILENT_SECONDS
            shown[reason] = now
            open_cause = True
        elif verdict == "over":
            assert reason == ""
            assert shown, "nothing is over that was not told"
            open_cause = False
    assert not (reason_at_end(steps) == "" and open_cause)


def reason_at_end(steps: list[tuple[str, float]]) -> str:
    return steps[-1][0] if steps else ""


def test_the_memory_has_an_end() -> None:
    causes = notices.FaultMemory()
    for number in range(notices.REMEMBERED + 10):
        causes.judge(str(number), "A", before="", patience=0.0, now=0.0)
    assert causes.judge("0", "A", before="A", patience=0.0, now=1.0) == "", "as after a restart"
