"""The Avi Controller is not as it should be while a cluster leaves."""

from __future__ import annotations

from typing import Any

from akoo_core.sandbox import install
from tests.stories.scene import Scene
from tests.stories.setting import condition
from tests.stories.telling import proof, story


@story
async def test_avi_down_at_first(s: Scene) -> None:
    """No connection gets through, until the record has said so."""
    await s.lives()
    down = s.fault(user="*", drop=True, times=None)
    await s.delete()
    await s.record(lambda record: _says_avi(record, "ControllerUnreachable"))
    s.avi.controller.faults.remove(down)
    await s.nudge()
    await s.ends()


@story
async def test_password_changed_in_the_middle(s: Scene) -> None:
    """An administrator changes our password by hand, and corrects the Secret when told."""
    await s.lives()
    hold = s.fault(method="DELETE", hold_seconds=0.3, times=None)
    await s.switch(ako_answer="timeout")
    await s.delete()
    await s.until_deleting()
    password = s.avi.new_password(f"operator-{s.config}")
    s.avi.controller.lose_sessions()
    await s.record(lambda record: _says_avi(record, "CredentialRefused"))
    s.avi.controller.faults.remove(hold)
    secret = install.secret(f"{s.config}-admin", username=f"operator-{s.config}", password=password)
    await s.api.apply(secret)
    await s.ends()


@proof
@story
async def test_sessions_lost_and_leader_changed(s: Scene) -> None:
    """The controller fails over while objects are being deleted: all sessions are gone."""
    await s.lives()
    await s.switch(ako_answer="timeout")
    s.fault(method="DELETE", lose_sessions=True, skip=2, times=1)
    await s.delete()
    await s.until_deleting()
    s.avi.controller.change_leader()
    await s.ends()


@proof
@story
async def test_conflicts(s: Scene) -> None:
    """Every second PUT meets somebody else's change."""
    await s.lives(static_routes=True)
    await s.switch(ako_faults="leaves-things")
    for number in range(10):
        s.fault(answer="stale", method="PUT", skip=2 * number, times=1)
    await s.delete()
    await s.ends()


@proof
@story
async def test_somebody_else_deletes(s: Scene) -> None:
    """An administrator takes the same objects away at the same time."""
    await s.lives()
    await s.switch(ako_answer="timeout")
    s.fault(method="DELETE", hold_seconds=0.2, times=None)
    await s.delete()
    await s.until_deleting()
    s.delete_by_hand()
    await s.ends()


@proof
@story
async def test_routes_and_label(s: Scene) -> None:
    """Static routes of the VRF and the SE group's label go, too; others' stay."""
    await s.lives(static_routes=True)
    await s.switch(ako_faults="leaves-things")
    await s.delete()
    await s.ends()


def _says_avi(record: dict[str, Any], reason: str) -> bool:
    conditions = [condition(record, kind) for kind in ("AviReady", "CleanupProven", "Held")]
    return any(candidate.get("reason") == reason for candidate in conditions)
