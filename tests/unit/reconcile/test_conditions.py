"""From an attempt's findings to the status that people read: one row per sentence."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core import structs
from akoo_core.objects import conditions as conditions_
from akoo_core.objects import names
from akoo_core.objects.config import Policies
from akoo_core.objects.record import (
    InventoryItem,
    Orphaned,
    Phase,
    Record,
    RecordStatus,
    StoredLetGo,
    StoredProof,
    StoredSecret,
    StoredSource,
)
from akoo_core.reconcile.decide import selection
from akoo_core.reconcile.status import conditions, findings
from tests.unit.reconcile import reconcile_builders as builders

NOW = builders.NOW
GONE = StoredLetGo(at=NOW, why="Deadline", message="the deadline of 1h has passed")


def conditions_of(
    record: Record, report: findings.AttemptReport | None = None, *, verifies: bool = True
) -> dict[str, conditions_.Condition]:
    """The conditions by type."""
    status = conditions.status_of(
        record, report or findings.AttemptReport(), selection.Choice(), verifies=verifies, now=NOW
    )
    return {c.type: c for c in status.conditions}


def phase(record: Record, report: findings.AttemptReport | None = None) -> Phase | None:
    return conditions.status_of(
        record, report or findings.AttemptReport(), None, verifies=True, now=NOW
    ).phase


STEPS: dict[str, Any] = {
    "confirmed_at": NOW,
    "drained_at": NOW,
    "fence": builders.fence(ago=60),
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "Preparing"),
        ({"orphaned": Orphaned(cause="Unmatched", at=NOW)}, "Orphaned"),
        ({"leaving": builders.make_leaving()}, "Draining"),
        ({"leaving": builders.make_leaving(confirmed_at=NOW)}, "Draining"),
        ({"leaving": builders.make_leaving(confirmed_at=NOW, drained_at=NOW)}, "Fencing"),
        ({"leaving": builders.make_leaving(**STEPS)}, "Sweeping"),
        ({"leaving": builders.make_leaving(**STEPS, proof=builders.proof(own=1))}, "Sweeping"),
        ({"leaving": builders.make_leaving(**STEPS, proof=builders.proof())}, "Verifying"),
        (
            {"leaving": builders.make_leaving(**STEPS, proof=builders.proof(), let_go=GONE)},
            "Releasing",
        ),
        ({"leaving": builders.make_leaving(**STEPS, let_go=GONE)}, "Sweeping"),
        ({"leaving": builders.make_leaving(**STEPS), "finished_at": NOW}, "Finished"),
    ],
)
def test_phase(changes: dict[str, Any], expected: str) -> None:
    assert phase(builders.make_record(**changes)) == expected


def plugin_report(**plugins: tuple[str, str]) -> findings.AttemptReport:
    report = findings.AttemptReport(lived=True, phase="Running")
    for name, (status, reason) in plugins.items():
        report.plugin(name, status, reason, f"{reason} it is")  # type: ignore[arg-type]
    return report


def test_ready_is_the_first_plugin_that_is_not() -> None:
    good = conditions_of(builders.make_record(), plugin_report(ako=("True", "Ready")))
    assert (good["Ready"].status, good["Ready"].reason) == ("True", "Running")
    bad = conditions_of(
        builders.make_record(),
        plugin_report(avi=("False", "NetworkNotFound"), ako=("False", "FactMissing")),
    )
    assert bad["Ready"].reason == "NetworkNotFound"
    assert bad["Ready"].message == "AviReady=False: NetworkNotFound it is"


def test_a_plugin_that_nobody_asked_keeps_its_condition_while_leaving() -> None:
    kept = conditions_.Condition(type="AviReady", status="False", reason="Down")
    record = structs.replace(
        builders.make_record(plugins=("ako", "avi"), leaving=builders.make_leaving()),
        status=RecordStatus(conditions=(kept,)),
    )
    assert conditions_of(record)["AviReady"].reason == "Down"
    lived = structs.replace(record, spec=structs.replace(record.spec, leaving=None))
    assert "AviReady" not in conditions_of(lived, plugin_report(ako=("True", "Ready")))


def test_losers_are_named() -> None:
    loser = selection.Loser(name="edge", why='"default" has priority 10, "edge" 0')
    choice = selection.Choice(config=builders.make_config(priority=10), losers=(loser,))
    status = conditions.status_of(
        builders.make_record(), findings.AttemptReport(), choice, verifies=True, now=NOW
    )
    selected = conditions_.find(status.conditions, "ConfigSelected")
    assert selected is not None
    assert selected.reason == "Conflict"
    assert selected.message == (
        'AKODeploymentConfig "default" (priority 10). "edge" matches too and lost: '
        '"default" has priority 10, "edge" 0.'
    )


PARTIAL = structs.replace(builders.proof(), unseen=("objects of another AKO",))
UNCOUNTED = structs.replace(PARTIAL, plugin="")


@pytest.mark.parametrize(
    ("state", "verifies", "status", "reason"),
    [
        ({}, False, "Unknown", "NoVerifier"),
        ({}, True, "False", "NotCounted"),
        ({"proof": builders.proof(own=2)}, True, "False", "ObjectsLeft"),
        ({"proof": builders.proof(own=2, held=2)}, True, "False", "ForeignReference"),
        ({"proof": builders.proof(ago=50)}, True, "False", "QuietPeriod"),
        ({"proof": builders.proof(ago=1)}, True, "True", "Proven"),
        ({"proof": PARTIAL}, True, "Unknown", "NotLookedFor"),
        ({"proof": structs.replace(PARTIAL, own=2)}, True, "False", "ObjectsLeft"),
    ],
)
def test_cleanup_proven_only_by_a_late_clean_count(
    state: dict[str, Any], verifies: bool, status: str, reason: str
) -> None:
    record = builders.make_record(leaving=builders.make_leaving(**STEPS, **state))
    proven = conditions_of(record, verifies=verifies)["CleanupProven"]
    assert (proven.status, proven.reason) == (status, reason)


def test_what_is_not_clean_names_who_holds_it_and_the_suspects() -> None:
    proof = structs.replace(
        builders.proof(own=1, held=1), suspect=1, held_by="Pool a by VS b", suspects=("VsVip c",)
    )
    record = builders.make_record(leaving=builders.make_leaving(**STEPS, proof=proof))
    assert conditions_of(record)["CleanupProven"].message == (
        "own 1, suspect 1, held 1; held: Pool a by VS b; suspects, not deleted: VsVip c"
    )


def test_a_plugin_that_cannot_see_is_unknown() -> None:
    record = builders.make_record(leaving=builders.make_leaving(**STEPS))
    proven = conditions_of(
        record, findings.AttemptReport(unverified=("NoSight", "The role is too narrow."))
    )
    assert (proven["CleanupProven"].status, proven["CleanupProven"].reason) == (
        "Unknown",
        "NoSight",
    )


@pytest.mark.parametrize(
    ("why", "proof", "leaked"),
    [
        ("Deadline", builders.proof(own=2), True),
        ("UserWord", None, True),
        ("Gone", builders.proof(own=2), True),
        ("Deadline", builders.proof(), False),
        ("Proven", builders.proof(), False),
        ("NoVerifier", None, False),
        ("Gone", PARTIAL, False),
        ("Counted", PARTIAL, False),
        ("Deadline", UNCOUNTED, True),
    ],
)
def test_leaked(why: Any, proof: StoredProof | None, leaked: bool) -> None:
    let_go = StoredLetGo(at=NOW, why=why, message="so")
    state = builders.make_leaving(**STEPS, proof=proof, let_go=let_go)
    assert ("Leaked" in conditions_of(builders.make_record(leaving=state))) is leaked


def test_a_record_that_nothing_can_be_counted_for_ends_without_promises() -> None:
    let_go = StoredLetGo(at=NOW, why="Deadline", message="so")
    state = builders.make_leaving(**STEPS, proof=UNCOUNTED, let_go=let_go)
    by_type = conditions_of(builders.make_record(leaving=state))
    assert by_type["Leaked"].message == "The Cluster went (so); what is left cannot be counted."
    assert by_type["CleanupProven"].message == (
        "nothing was counted; not looked for: objects of another AKO"
    )


DRAINING = ("Draining", "AKO deletes.")


def held(
    policies: Policies | None = None, *, living: bool = False, **changes: Any
) -> conditions_.Condition:
    state = builders.make_leaving(**({"attempted_at": NOW} | changes))
    record = builders.make_record(leaving=state, policies=policies or Policies())
    status = conditions.status_of(
        record,
        findings.AttemptReport(held=DRAINING),
        None,
        verifies=True,
        now=NOW,
        living=living,
    )
    return next(condition for condition in status.conditions if condition.type == "Held")


def test_held_says_until_when() -> None:
    assert held().message == "AKO deletes. Let go automatically at 2026-03-01 12:59 UTC."
    forever = held(Policies(on_deadline="Hold"))
    assert forever.message.endswith("(onDeadline: Hold).")


def test_a_time_is_promised_only_where_the_deadline_acts() -> None:
    never_attempted = held(attempted_at=None).message
    assert never_attempted.endswith("or after the first complete attempt if that is later.")
    assert held(paused_at=NOW).message == "AKO deletes."
    living = held(living=True, cause="Unmatched").message
    assert "UTC" not in living
    assert "when the workload cluster answers" in living
    assert "when the Cluster is deleted" in living
    record = builders.make_record(leaving=builders.make_leaving(attempted_at=NOW))
    endless = conditions_of(record, findings.AttemptReport(held=DRAINING, endless=True))["Held"]
    assert endless.message == "AKO deletes. No deadline acts meanwhile."


def test_nothing_is_held_once_the_cluster_is_let_go() -> None:
    record = builders.make_record(leaving=builders.make_leaving(let_go=GONE))
    assert "Held" not in conditions_of(
        record, findings.AttemptReport(held=("ObjectsLeft", "2 left"))
    )
    refused = findings.AttemptReport(held=("LetGoRefused", "the webhook is down"))
    assert conditions_of(record, refused)["Held"].reason == "LetGoRefused"


def test_the_same_findings_give_the_same_status() -> None:
    record = builders.make_record()
    report = plugin_report(ako=("True", "Ready"))
    first = conditions.status_of(record, report, selection.Choice(), verifies=True, now=NOW)
    again = structs.replace(record, status=first)
    later = NOW + builders.seconds(600)
    second = conditions.status_of(again, report, selection.Choice(), verifies=True, now=later)
    assert second == first


def test_the_cluster_gets_ready_under_our_name() -> None:
    ready = conditions_.Condition(
        type="Ready", status="False", reason="NetworkNotFound", last_transition_time=NOW
    )
    shown = conditions.for_cluster(RecordStatus(conditions=(ready,)))
    assert shown.type == names.LOAD_BALANCER_READY
    assert shown.reason == "NetworkNotFound"
    assert shown.last_transition_time is None
    assert conditions.for_cluster(RecordStatus()).status == "Unknown"


def test_notes_on_objects_are_told_and_do_not_make_it_unready() -> None:
    item = InventoryItem(plugin="a", api_version="v1", kind="K", name="n", note="It lacks.")
    by_type = conditions_of(builders.make_record(inventory=(item,)))
    note = by_type["DefinitionsFit"]
    assert (note.status, note.reason, note.message) == ("False", "DefinitionsDiffer", "It lacks.")
    assert by_type["Ready"].status == "True"


def test_a_secret_that_cannot_be_compared_has_a_condition_of_its_own() -> None:
    recipe = StoredSecret(data={"password": StoredSource(key="1", plugin="tenancy")})
    item = InventoryItem(
        plugin="a", api_version="v1", kind="Secret", name="s", secret=recipe, note="It cannot."
    )
    by_type = conditions_of(builders.make_record(inventory=(item,)))
    shown = by_type["SecretsCompared"]
    assert (shown.status, shown.reason, shown.message) == ("False", "SecretNotOpened", "It cannot.")
    assert "DefinitionsFit" not in by_type
    assert by_type["Ready"].status == "True"


@pytest.mark.parametrize("cause", ["Secret avi/a is not there.", "", "AviReady=False: as it says"])
def test_the_cluster_is_told_the_cause_and_no_condition_that_it_does_not_have(cause: str) -> None:
    report = findings.AttemptReport()
    report.plugin("ako", "False", "SecretMissing", cause)
    status = conditions.status_of(
        builders.make_record(), report, selection.Choice(), verifies=True, now=NOW
    )
    shown = conditions.for_cluster(status)
    assert (shown.status, shown.reason, shown.message) == ("False", "SecretMissing", cause)
    ready = conditions_.find(status.conditions, "Ready")
    assert ready is not None
    assert ready.message == f"AkoReady=False: {cause}"


UNVERIFIED = conditions_.Condition(
    type="ReleaseUnverified", status="True", reason="DescribedByRow", message="Nobody has looked."
)
TYPES = {"ako": ("ReleaseUnverified",)}


@pytest.mark.parametrize(
    ("before", "answers", "shown"),
    [
        ((), {"ako": (UNVERIFIED,)}, True),
        ((UNVERIFIED,), {"ako": ()}, False),
        ((UNVERIFIED,), {}, True),
        ((), {}, False),
    ],
    ids=["given", "given no more", "not asked", "never given"],
)
def test_conditions_of_intents(
    before: tuple[conditions_.Condition, ...],
    answers: dict[str, tuple[conditions_.Condition, ...]],
    shown: bool,
) -> None:
    record = structs.replace(builders.make_record(), status=RecordStatus(conditions=before))
    status = conditions.status_of(
        record,
        findings.AttemptReport(of_intents=answers),
        selection.Choice(),
        verifies=True,
        now=NOW,
        types=TYPES,
    )
    assert [c.reason for c in status.conditions if c.type == "ReleaseUnverified"] == (
        ["DescribedByRow"] if shown else []
    )
    ready = conditions_.find(status.conditions, "Ready")
    assert ready is not None
    assert ready.status == "True"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("Ready", "True"),
        ("AviReady", "True"),
        ("CleanupProven", "True"),
        ("Held", "False"),
        ("Leaked", "False"),
        ("ReleaseUnverified", "False"),
    ],
)
def test_the_good_status_of_a_condition(kind: str, status: str) -> None:
    assert conditions_.good(kind) == status
