"""Annotation commands: refused without effect, explained first, written once."""

from __future__ import annotations

import sys
from typing import Any

import click
import pytest

from akoo_core import structs
from akoo_core.cli.annotate import effects
from akoo_core.cli.annotate import write as annotate_write
from akoo_core.kube import client, resource
from akoo_core.objects import names
from akoo_core.objects.record import Leaving, Record, RecordStatus, StoredLetGo
from akoo_core.testing import builders
from tests.unit.cli.commands_bed import NOW, Bed, condition

SHOP = "team-a/shop"
HELD = RecordStatus(conditions=(condition("Held", "True", "RemovalHeld", "Many."),))
LEAVING = Leaving(cause="Unmatched", started_at=NOW)
MOVING = Leaving(cause="Relocated", started_at=NOW)
GONE = StoredLetGo(at=NOW, why="Deadline")


@pytest.mark.parametrize(
    ("arguments", "seeded", "written", "message"),
    [
        (("leave", SHOP, "sweep"), {}, {names.LEAVE_ANNOTATION: "sweep"}, "AKO is drained"),
        (("leave", SHOP, "orphan"), {}, {names.LEAVE_ANNOTATION: "orphan"}, "no longer manages it"),
        (
            ("let-go", SHOP, "--reason", "it is dead"),
            {"leaving": LEAVING},
            {names.LET_GO_ANNOTATION: "it is dead"},
            '"it is dead"',
        ),
        (
            ("leave", SHOP, "undo"),
            {"annotations": {names.LEAVE_ANNOTATION: "orphan"}},
            {},
            "no longer leaves",
        ),
        (
            ("leave", SHOP, "undo"),
            {"annotations": {names.LEAVE_ANNOTATION: "sweep"}, "finished_at": NOW},
            {},
            "deployed again",
        ),
        (("pause", SHOP), {}, {names.PAUSED_ANNOTATION: ""}, "until you resume it"),
        (("resume", SHOP), {"annotations": {names.PAUSED_ANNOTATION: "yes"}}, {}, "again"),
        (
            ("confirm-removal", SHOP),
            {"status": HELD},
            {names.CONFIRM_REMOVAL_ANNOTATION: ""},
            "although many",
        ),
        (
            ("adopt", SHOP, "--former", builders.MANAGEMENT_ID),
            {},
            {names.ADOPT_ANNOTATION: builders.MANAGEMENT_ID},
            "now it belongs to this one",
        ),
        (
            ("abandon-placement", SHOP, "--reason", "it burned down"),
            {"leaving": MOVING},
            {names.ABANDON_PLACEMENT_ANNOTATION: "it burned down"},
            '"it burned down"',
        ),
        (("leave", SHOP, "sweep"), {"leaving": MOVING}, {names.LEAVE_ANNOTATION: "sweep"}, "AKO"),
    ],
)
def test_an_annotation_is_explained_and_written(
    bed: Bed,
    arguments: tuple[str, ...],
    seeded: dict[str, Any],
    written: dict[str, str],
    message: str,
) -> None:
    bed.record(uid=bed.cluster(), **seeded)
    before = bed.server.objects(resource.CLUSTERS)
    code, out, _ = bed(*arguments, "--yes")
    assert code == 0
    assert message in out
    assert bed.annotations() == written
    assert bed.server.objects(resource.CLUSTERS) == before


@pytest.mark.parametrize(
    ("arguments", "seeded", "message"),
    [
        (("leave", SHOP, "sweep"), {"finished_at": NOW}, "is Finished"),
        (("leave", SHOP, "sweep"), {"leaving": LEAVING}, "already"),
        (("leave", SHOP, "orphan"), {"leaving": LEAVING}, "not undo it"),
        (("let-go", SHOP, "--reason", "x"), {}, "nothing holds it"),
        (("let-go", SHOP, "--reason", " "), {"leaving": LEAVING}, "give a reason"),
        (
            ("let-go", SHOP, "--reason", "x"),
            {"leaving": structs.replace(LEAVING, let_go=GONE)},
            "let go already (Deadline)",
        ),
        (("confirm-removal", SHOP), {}, "nothing to confirm"),
        (("let-go", SHOP, "--reason", "x"), {"leaving": MOVING}, "nothing holds it"),
        (("adopt", SHOP, "--former", "stranger"), {}, "belongs to management id"),
        (("abandon-placement", SHOP, "--reason", "x"), {}, "nothing to abandon"),
        (("abandon-placement", SHOP, "--reason", "x"), {"leaving": LEAVING}, "nothing to abandon"),
        (("abandon-placement", SHOP, "--reason", " "), {"leaving": MOVING}, "give a reason"),
    ],
)
def test_an_annotation_without_effect_is_refused(
    bed: Bed, arguments: tuple[str, ...], seeded: dict[str, Any], message: str
) -> None:
    bed.record(uid=bed.cluster(), **seeded)
    code, out, err = bed(*arguments, "--yes")
    assert (code, out) == (2, "")
    assert message in err
    assert bed.annotations() == {}


def test_a_paused_cluster_is_not_resumed_by_the_record(bed: Bed) -> None:
    uid = bed.cluster(spec={"paused": True})
    bed.record(uid=uid, annotations={names.PAUSED_ANNOTATION: ""})
    code, _, err = bed("resume", SHOP, "--yes")
    assert (code, "itself is paused" in err) == (2, True)


async def test_a_cluster_in_deletion_can_be_let_go(bed: Bed) -> None:
    uid = bed.cluster()
    bed.record(uid=uid)
    await bed.server.client().delete(resource.CLUSTERS, "shop", "team-a")
    addressee = await annotate_write.find(bed.server.client(), SHOP, None)
    annotation = effects.Annotation(kind="let-go", value="x")
    assert effects.refusal(annotation, addressee.record, addressee.cluster) == ""


def test_an_annotation_that_is_there_is_not_written(bed: Bed) -> None:
    bed.record(uid=bed.cluster(), annotations={names.PAUSED_ANNOTATION: "since May"})
    code, out, _ = bed("pause", SHOP, "--yes")
    assert (code, "has this annotation already" in out) == (0, True)
    assert bed.annotations() == {names.PAUSED_ANNOTATION: "since May"}


def test_a_pause_delays_other_annotations(bed: Bed) -> None:
    bed.record(uid=bed.cluster(), annotations={names.PAUSED_ANNOTATION: ""})
    _, out, _ = bed("leave", SHOP, "sweep", "--yes")
    assert "akoo-1 is paused" in out


def test_several_records_need_a_name(bed: Bed) -> None:
    bed.record("akoo-1", uid=bed.cluster())
    bed.record("akoo-2", uid="former", finished_at=NOW)
    code, _, err = bed("pause", SHOP, "--yes")
    assert (code, "--record: akoo-1 (Preparing), akoo-2" in err) == (2, True)
    code, _, err = bed("pause", SHOP, "--yes", "--record", "akoo-3")
    assert (code, "has no record akoo-3" in err) == (2, True)
    assert bed("pause", SHOP, "--yes", "--record", "akoo-1")[0] == 0
    assert (bed.annotations("akoo-1"), bed.annotations("akoo-2")) == (
        {names.PAUSED_ANNOTATION: ""},
        {},
    )


def test_a_cluster_without_a_record_and_a_wrong_name(bed: Bed) -> None:
    bed.cluster()
    code, _, err = bed("pause", SHOP, "--yes")
    assert (code, "has no record" in err) == (2, True)
    code, _, err = bed("pause", "team-a/shup", "--yes")
    assert (code, 'Did you mean "team-a/shop"?' in err) == (2, True)


def test_without_a_terminal_yes_is_needed(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    bed.record(uid=bed.cluster())
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    code, out, err = bed("pause", SHOP)
    assert (code, "--yes" in err, "until you resume it" in out) == (2, True, True)
    assert bed.annotations() == {}


@pytest.mark.parametrize(("answer", "code"), [(True, 0), (False, 1)])
def test_on_a_terminal_it_asks(
    bed: Bed, monkeypatch: pytest.MonkeyPatch, answer: bool, code: int
) -> None:
    bed.record(uid=bed.cluster())
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(click, "confirm", lambda _: answer)
    assert bed("pause", SHOP)[0] == code
    assert (names.PAUSED_ANNOTATION in bed.annotations()) == answer


def test_a_record_that_changed_meanwhile_is_not_written(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed.record(uid=bed.cluster())
    write = annotate_write.write

    async def late(kube: client.KubeClient, annotation: effects.Annotation, record: Record) -> None:
        change = {"metadata": {"annotations": {"other": "x"}}}
        await kube.merge_patch(resource.AKO_DEPLOYMENTS, record.name, change)
        await write(kube, annotation, record)

    monkeypatch.setattr(annotate_write, "write", late)
    code, _, err = bed("pause", SHOP, "--yes")
    assert (code, "changed while you were asked" in err) == (1, True)
    assert bed.annotations() == {"other": "x"}
