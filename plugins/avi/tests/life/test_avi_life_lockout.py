"""A wrong password in the Secret: whoever meets it, the account is not locked by our tries."""

from __future__ import annotations

import asyncio
import base64
import pathlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import yaml
from akoo_avi.plugin import AviPlugin
from akoo_avi.testing import MemoryAvi, memory_controllers

from akoo_core import external, settings, testing
from akoo_core.app import assembly
from akoo_core.cli import operating
from akoo_core.cli.audit import find
from akoo_core.cli.check import ask as checks
from akoo_core.cli.plan import ask
from akoo_core.kube import resource
from akoo_core.plugin_host import controllers, login_memory, registry
from akoo_core.testing import builders, verbs, virtual_time

World = Any
PASSWORD = builders.canary("admin-password")
WRONG = builders.canary("mistyped")
LOCKED_AFTER = 3
"""Refused logins, as the controller is delivered."""
CRDS = pathlib.Path(__file__).parents[4] / "deploy" / "crds"


class LockoutFleet:
    """A fleet with the Avi plugin alone, and commands beside its operator."""

    def __init__(self, clock: virtual_time.LoopClock, world: World) -> None:
        self.clock = clock
        self.world = world
        self.settings = settings.Settings(allowed_secret_namespaces=("avi",))
        self.fleet = testing.Fleet(clock, lambda: [self.plugin()], settings=self.settings)
        for name in ("avicontrollers", "aviippools"):
            self.fleet.management.seed(yaml.safe_load((CRDS / f"{name}.yaml").read_text()))
        self.fleet.management.seed(*world.secrets)

    def plugin(self) -> AviPlugin:
        """The plugin of a new process: it shares no memory with others."""
        made = AviPlugin(clients=memory_controllers(self.world.addresses, now=self.clock))
        verbs.named(made)
        return made

    async def clusters(self, *names: str) -> None:
        await self.fleet.create_config(self.world.config["spec"])
        for name in names:
            await self.fleet.create_cluster(name)
        for name in names:
            await self.fleet.until_phase(name, "Running")

    async def set_password(self, value: str) -> None:
        data = {"password": base64.b64encode(value.encode()).decode()}
        await self.fleet.user.merge_patch(resource.SECRETS, "admin", {"data": data}, "avi")

    def refused(self) -> int:
        """Logins that the controller refused so far."""
        logins = self.world.avi.journal.entries(path="/login", since=0)
        return sum(login.status != 200 for login in logins)

    def remembered(self) -> dict[str, str]:
        maps = self.fleet.management.objects(resource.CONFIG_MAPS, "akoo-system")
        return next((config_map.get("data") or {} for config_map in maps), {})

    def _loaded(self) -> operating.OperatorParts:
        plugins = registry.PluginSet([self.plugin()])
        return operating.OperatorParts(self.settings, plugins, controllers.collect(plugins))

    async def plan(
        self, name: str = "one", *, mode: login_memory.Mode = "command", may_write: bool = True
    ) -> str:
        """The answer of `akoo-core plan` for the Avi plugin."""
        seam = external.External(guard=external.ReadOnly())
        writing = external.External() if may_write else seam
        client = self.fleet.management.client(external=writing)
        remembered = assembly.logins(self.settings, client, self.clock, mode)
        kube = self.fleet.management.client(external=seam)
        plan = await ask.ask(kube, self._loaded(), seam, f"demo/{name}", "prepare", remembered)
        (answer,) = plan.answers
        return answer.problem

    async def audit(self) -> tuple[str, ...]:
        """The answer of `akoo-core audit` about what it could not see."""
        seam = external.External(guard=external.ReadOnly())
        client = self.fleet.management.client(external=external.External())
        remembered = assembly.logins(self.settings, client, self.clock, "command")
        kube = self.fleet.management.client(external=seam)
        loaded = self._loaded()
        async with operating.services(kube, loaded, seam, remembered) as services:
            (result,) = await find.Auditor(kube, loaded, services).results()
        return result.unseen

    async def check(self) -> str:
        """The answer of `akoo-core check` about the credential."""
        seam = external.External(guard=external.ReadOnly())
        client = self.fleet.management.client(external=external.External())
        remembered = assembly.logins(self.settings, client, self.clock, "command")
        kube = self.fleet.management.client(external=seam)
        loaded = self._loaded()
        async with operating.services(kube, loaded, seam, remembered) as services:
            report = await checks.ask(kube, loaded, services, "avi")
        (answer,) = report.answers
        return next(
            finding.message
            for finding in answer.findings
            if finding.subject.endswith(": CredentialValid")
        )

    def avi_reason(self, name: str) -> str:
        record = self.fleet.record(name)
        assert record is not None
        return next(c.reason for c in record.status.conditions if c.type == "AviReady")


Story = Callable[[LockoutFleet], Awaitable[None]]


def play(world: World, story: Story) -> None:
    """In virtual time."""

    async def main(clock: virtual_time.LoopClock) -> None:
        lockout = LockoutFleet(clock, world)
        async with lockout.fleet:
            await story(lockout)

    virtual_time.run(main)


@pytest.mark.parametrize("kept", [True, False], ids=["sessions kept", "sessions lost"])
def test_commands_and_a_failover_add_no_refusals(avi_world: World, kept: bool) -> None:
    """A wrong password, plan, audit, failover, plan again, the right password."""

    async def story(lockout: LockoutFleet) -> None:
        await lockout.clusters("one", "two", "three")
        await lockout.set_password(WRONG)
        if not kept:
            lockout.world.avi.lose_sessions()
        await lockout.fleet.until(lambda: lockout.avi_reason("one") == "CredentialRefused")
        assert lockout.refused() == 1
        assert "the password is wrong, or the account is locked" in await lockout.plan()
        assert any("--login tries one" in sentence for sentence in await lockout.audit())
        assert "--login tries one" in await lockout.check()
        await lockout.fleet.restart()
        await asyncio.sleep(60)
        assert lockout.avi_reason("two") == "CredentialRefused"
        await lockout.plan("two")
        assert lockout.refused() == 1
        await lockout.set_password(PASSWORD)
        begun = lockout.clock.monotonic()
        await lockout.fleet.until(lambda: lockout.avi_reason("one") != "CredentialRefused")
        for name in ("one", "two", "three"):
            await lockout.fleet.until_phase(name, "Running")
        assert lockout.clock.monotonic() - begun < 30
        assert lockout.refused() == 1
        assert await lockout.plan() == ""

    play(avi_world(), story)


def test_an_hour_with_a_wrong_password_and_restarts_locks_nobody_out(avi_world: World) -> None:
    async def story(lockout: LockoutFleet) -> None:
        await lockout.clusters("one")
        await lockout.set_password(WRONG)
        await lockout.fleet.until(lambda: lockout.avi_reason("one") == "CredentialRefused")
        for _ in range(12):
            await lockout.fleet.restart()
            await asyncio.sleep(290)
            await lockout.plan()
        assert lockout.refused() == 2 < LOCKED_AFTER
        await lockout.set_password(PASSWORD)
        await asyncio.sleep(30)
        assert lockout.avi_reason("one") != "CredentialRefused"

    play(avi_world(), story)


def test_a_command_notes_what_it_meets(avi_world: World) -> None:
    """No operator runs that could know: the second command does not try again."""

    async def story(lockout: LockoutFleet) -> None:
        await lockout.clusters("one")
        await lockout.fleet.stop()
        await lockout.set_password(WRONG)
        for _ in range(3):
            assert "CredentialRefused" in await lockout.plan()
        assert await lockout.audit()
        assert lockout.refused() == 1
        assert "CredentialRefused" in await lockout.plan(mode="insist")
        assert lockout.refused() == 2
        assert WRONG not in str(lockout.remembered())

    play(avi_world(), story)


def test_a_command_that_may_not_write_honours_what_is_known(avi_world: World) -> None:
    async def story(lockout: LockoutFleet) -> None:
        await lockout.clusters("one")
        await lockout.set_password(WRONG)
        await lockout.fleet.until(lambda: lockout.avi_reason("one") == "CredentialRefused")
        await asyncio.sleep(250)
        refused, known = lockout.refused(), lockout.remembered()
        for _ in range(3):
            assert "--login" in await lockout.plan(may_write=False)
        assert lockout.refused() == refused
        assert lockout.remembered() == known

    play(avi_world(), story)


def test_a_password_that_was_changed_on_the_controller_is_tried_again_in_time(
    avi_world: World,
) -> None:
    """The Secret was right, and the controller learns of it later."""

    async def story(lockout: LockoutFleet) -> None:
        await lockout.clusters("one")
        await lockout.set_password(WRONG)
        await lockout.fleet.until(lambda: lockout.avi_reason("one") == "CredentialRefused")
        hand = MemoryAvi(lockout.world.avi, password=PASSWORD)
        (user,) = await hand.list("user", tenant="admin", params={"name": "admin"})
        body = {**await hand.get(f"user/{user['uuid']}"), "password": WRONG}
        await hand.replace("user", user["uuid"], body, tenant="admin")
        await lockout.fleet.restart()
        await asyncio.sleep(400)
        assert lockout.avi_reason("one") != "CredentialRefused"
        assert lockout.refused() == 1
        assert lockout.remembered() == {}, "an accepted credential is not held to be refused"
        assert await lockout.plan() == ""

    play(avi_world(), story)
