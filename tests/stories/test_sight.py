"""What cannot be seen is not clean; what others hold is said; what others own stays."""

from __future__ import annotations

from tests import commands
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
    found = await s.says("Held", "ForeignReference")
    assert "legacy-lb" in condition(found, "Held")["message"]
    await _planned(s)
    s.avi.admin.delete(f"virtualservice/{stranger}")
    s.remember()
    await s.ends()


async def _planned(s: Scene) -> None:
    """Who asks beside the operator what a sweep would do is told what holds."""
    asked = ("plan", f"{s.namespace}/{NAME}")
    code, told = await commands.typed(s.theatre.kubeconfig, *asked, seconds=60.0)
    assert code == 0, told
    (held,) = [line for line in told.splitlines() if "legacy-lb" in line]
    assert held.split()[:2] == ["keep", "Pool"], told


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
    found = await s.record(lambda one: condition(one, "Leaked").get("status") == "True")
    assert found["spec"]["leaving"]["letGo"]["why"] == "Deadline"
    s.untouched()
    s.avi.admin.delete(f"virtualservice/{stranger}")
    s.remember()
    await s.ends(why="Deadline", told=False)


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


@story
async def test_role_filter(s: Scene) -> None:
    """Our role sees what carries another marker only."""
    await s.lives()
    s.demote(role=s.role("filtered", only=("clustername", "somebody-else")))
    await _is_unverified(s)


async def _is_unverified(s: Scene) -> None:
    s.remember()
    await s.delete()
    found = await s.record(lambda one: condition(one, "Held").get("reason") in UNSEEN)
    assert condition(found, "CleanupProven").get("status") != "True"
    assert found["spec"]["leaving"].get("letGo") is None
    s.promote()
    await s.nudge()
    await s.ends()
