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
from tests.unit.cli.commands_world import NOW, CommandWorld, condition

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
    world: CommandWorld,
    arguments: tuple[str, ...],
    seeded: dict[str, Any],
    written: dict[str, str],
    message: str,
) -> None:
    world.record(uid=world.cluster(), **seeded)
    before = world.server.objects(resource.CLUSTERS)
    code, out, _ = world(*arguments, "--yes")
    assert code == 0
    assert message in out
    assert world.annotations() == written
    assert world.server.objects(resource.CLUSTERS) == before


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
    world: CommandWorld, arguments: tuple[str, ...], seeded: dict[str, Any], message: str
) -> None:
    world.record(uid=world.cluster(), **seeded)
    code, out, err = world(*arguments, "--yes")
    assert (code, out) == (2, "")
    assert message in err
    assert world.annotations() == {}


def test_a_paused_cluster_is_not_resumed_by_the_record(world: CommandWorld) -> None:
    uid = world.cluster(spec={"paused": True})
    world.record(uid=uid, annotations={names.PAUSED_ANNOTATION: ""})
    code, _, err = world("resume", SHOP, "--yes")
    assert (code, "itself is paused" in err) == (2, True)


async def test_a_cluster_in_deletion_can_be_let_go(world: CommandWorld) -> None:
    uid = world.cluster()
    world.record(uid=uid)
    await world.server.client().delete(resource.CLUSTERS, "shop", "team-a")
    addressee = await annotate_write.find(world.server.client(), SHOP, None)
    annotation = effects.Annotation(kind="let-go", value="x")
    assert effects.refusal(annotation, addressee.record, addressee.cluster) == ""


def test_an_annotation_that_is_there_is_not_written(world: CommandWorld) -> None:
    world.record(uid=world.cluster(), annotations={names.PAUSED_ANNOTATION: "since May"})
    code, out, _ = world("pause", SHOP, "--yes")
    assert (code, "has this annotation already" in out) == (0, True)
    assert world.annotations() == {names.PAUSED_ANNOTATION: "since May"}


def test_a_pause_delays_other_annotations(world: CommandWorld) -> None:
    world.record(uid=world.cluster(), annotations={names.PAUSED_ANNOTATION: ""})
    _, out, _ = world("leave", SHOP, "sweep", "--yes")
    assert "akoo-1 is paused" in out


def test_several_records_need_a_name(world: CommandWorld) -> None:
    world.record("akoo-1", uid=world.cluster())
    world.record("akoo-2", uid="former", finished_at=NOW)
    code, _, err = world("pause", SHOP, "--yes")
    assert (code, "--record: akoo-1 (Preparing), akoo-2" in err) == (2, True)
    code, _, err = world("pause", SHOP, "--yes", "--record", "akoo-3")
    assert (code, "has no record akoo-3" in err) == (2, True)
    assert world("pause", SHOP, "--yes", "--record", "akoo-1")[0] == 0
    assert (world.annotations("akoo-1"), world.annotations("akoo-2")) == (
        {names.PAUSED_ANNOTATION: ""},
        {},
    )


def test_a_cluster_without_a_record_and_a_wrong_name(world: CommandWorld) -> None:
    world.cluster()
    code, _, err = world("pause", SHOP, "--yes")
    assert (code, "has no record" in err) == (2, True)
    code, _, err = world("pause", "team-a/shup", "--yes")
    assert (code, 'Did you mean "team-a/shop"?' in err) == (2, True)


def test_without_a_terminal_yes_is_needed(
    world: CommandWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.record(uid=world.cluster())
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    code, out, err = world("pause", SHOP)
    assert (code, "--yes" in err, "until you resume it" in out) == (2, True, True)
    assert world.annotations() == {}


@pytest.mark.parametrize(("answer", "code"), [(True, 0), (False, 1)])
def test_on_a_terminal_it_asks(
    world: CommandWorld, monkeypatch: pytest.MonkeyPatch, answer: bool, code: int
) -> None:
    world.record(uid=world.cluster())
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(click, "confirm", lambda _: answer)
    assert world("pause", SHOP)[0] == code
    assert (names.PAUSED_ANNOTATION in world.annotations()) == answer


@pytest.mark.parametrize(
    ("meanwhile", "code", "written"),
    [
        ({"labels": {"x": "y"}}, 0, {names.LEAVE_ANNOTATION: "sweep"}),
        ({"annotations": {"other": "x"}}, 0, {"other": "x", names.LEAVE_ANNOTATION: "sweep"}),
        ({"annotations": {names.LEAVE_ANNOTATION: "sweep"}}, 0, {names.LEAVE_ANNOTATION: "sweep"}),
        ({"annotations": {names.PAUSED_ANNOTATION: ""}}, 1, {names.PAUSED_ANNOTATION: ""}),
    ],
    ids=["other metadata", "another annotation", "the same request", "another consequence"],
)
def test_a_record_that_changes_meanwhile_is_written_for_the_same_consequences_alone(
    world: CommandWorld,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: dict[str, Any],
    code: int,
    written: dict[str, str],
) -> None:
    world.record(uid=world.cluster())
    patch = annotate_write.patch

    async def late(
        kube: client.KubeClient, record: Record, change: annotate_write.ConfirmedPatch
    ) -> None:
        document = {"metadata": meanwhile}
        await kube.merge_patch(resource.AKO_DEPLOYMENTS, record.name, document)
        await patch(kube, record, change)

    monkeypatch.setattr(annotate_write, "patch", late)
    got, _, err = world("leave", SHOP, "sweep", "--yes")
    assert (got, "changed while you were asked; nothing was written" in err) == (code, code == 1)
    assert world.annotations() == written


def test_a_record_that_others_keep_changing_is_given_up(
    world: CommandWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.record(uid=world.cluster())
    tries: list[str] = []
    effects_patch = effects.patch

    def stale(annotation: effects.Annotation, record: Record) -> structs.JSON:
        tries.append(record.resource_version)
        return effects_patch(annotation, structs.replace(record, resource_version="1"))

    monkeypatch.setattr(effects, "patch", stale)
    code, _, err = world("pause", SHOP, "--yes")
    assert (code, "changed while you were asked" in err) == (1, True)
    assert (len(tries), world.annotations()) == (annotate_write.ATTEMPTS, {})


async def test_a_record_that_another_replaced_is_not_written(world: CommandWorld) -> None:
    world.record(uid=world.cluster())
    kube = world.server.client()
    record = (await annotate_write.find(kube, SHOP, None)).record
    former = structs.replace(record, uid="former", resource_version="1")
    with pytest.raises(annotate_write.RecordChangedError):
        await annotate_write.write(kube, effects.Annotation(kind="pause"), former)
    released = {"metadata": {"finalizers": None}}
    await kube.merge_patch(resource.AKO_DEPLOYMENTS, record.name, released)
    await kube.delete(resource.AKO_DEPLOYMENTS, record.name)
    with pytest.raises(annotate_write.RecordChangedError):
        await annotate_write.write(kube, effects.Annotation(kind="pause"), record)
