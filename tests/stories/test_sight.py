"""Sight: unseen objects are not clean, held ones are named, and objects of others stay."""

from __future__ import annotations

import functools
import json

from tests import commands
from tests.stories import neighbours
from tests.stories.scene import Scene
from tests.stories.setting import NAME, condition
from tests.stories.telling import proof, story

UNSEEN = ("NoSight", "PermissionMissing")


@story
async def test_held_by_a_stranger(s: Scene) -> None:
    """A user's own virtual service refers to one of the pools: named, and done once it lets go."""
    await s.lives()
    await s.switch(ako_answer="timeout")
    stranger = s.refer_to_a_pool("legacy-lb")
    s.remember()
    await s.delete()
    record = await s.says("Held", "ForeignReference")
    assert "legacy-lb" in condition(record, "Held")["message"]
    await _told_by_commands(s)
    s.avi.admin.delete(f"virtualservice/{stranger}")
    s.remember()
    await s.ends()


async def _told_by_commands(s: Scene) -> None:
    """plan names what holds; audit, whose marks have no living owner: this one's have."""
    typed = functools.partial(commands.typed, s.story_bed.kubeconfig, seconds=60.0)
    code, output = await typed("plan", f"{s.namespace}/{NAME}")
    assert code == 0, output
    (held,) = [line for line in output.splitlines() if "legacy-lb" in line]
    assert held.split()[:2] == ["keep", "Pool"], output
    code, output = await typed("audit", "avi", "--plugins", "ako,avi", "--output", "json")
    assert code == 1, output
    owners = {
        stray["owner"] for plugin in json.loads(output)["plugins"] for stray in plugin["strays"]
    }
    assert set(neighbours.names(s.x)) <= owners, output
    assert s.x not in owners
    # Other stories break their configs meanwhile, so the exit code is theirs, too.
    _, output = await typed("check", "avi", "--plugins", "ako,avi", "--output", "json")
    (checked,) = json.loads(output)["plugins"]
    ours = f"AKODeploymentConfig/{s.config}"
    states = {
        finding["subject"]: finding["state"]
        for finding in checked["findings"]
        if finding["subject"] == ours or ours in finding.get("data", {}).get("objects", ())
    }
    assert any(subject.endswith(": WritesPermitted") for subject in states), output
    assert states.get(ours) == "good", output
    assert set(states.values()) == {"good"}, output


@proof
@story
async def test_held_until_the_deadline(s: Scene) -> None:
    """Nobody acts: the deadline lets the Cluster go, and what is left is named."""
    await s.lives(deadline="20s")
    await s.switch(ako_answer="timeout")
    stranger = s.refer_to_a_pool("legacy-lb-2")
    s.remember()
    await s.delete()
    await s.gone()
    record = await s.record(lambda stored: condition(stored, "Leaked").get("status") == "True")
    assert record["spec"]["leaving"]["letGo"]["why"] == "Deadline"
    s.untouched()
    s.avi.admin.delete(f"virtualservice/{stranger}")
    s.remember()
    await s.ends(why="Deadline", reported=False)


@story
async def test_blind_credential(s: Scene) -> None:
    """Our account loses its rights: lists are empty, and nothing is believed."""
    await s.lives()
    s.demote(access=[])
    await _is_unverified(s)


@proof
@story
async def test_narrow_role(s: Scene) -> None:
    """Our role sees all kinds but pools."""
    await s.lives()
    s.demote(role=s.role("no-pools", without="PERMISSION_POOL"))
    await _is_unverified(s)


@proof
@story
async def test_role_filter(s: Scene) -> None:
    """Our role sees what carries another marker only."""
    await s.lives()
    s.demote(role=s.role("filtered", only=("clustername", "somebody-else")))
    await _is_unverified(s)


async def _is_unverified(s: Scene) -> None:
    s.remember()
    await s.delete()
    record = await s.record(lambda stored: condition(stored, "Held").get("reason") in UNSEEN)
    assert condition(record, "CleanupProven").get("status") != "True"
    assert record["spec"]["leaving"].get("letGo") is None
    s.promote()
    await s.nudge()
    await s.ends()
