"""Random edits, restarts, failures and rotations of a Secret: the value is right in the end, and
nothing is opened that a simple model of the rules does not name."""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
from typing import Any, NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.plugin import api
from akoo_core.reconcile.deploy import deployer
from tests.unit.reconcile.test_deploy_kept import World, kept

EXAMPLES = 2000 if os.environ.get("AKOO_PROOF") else 60
ACTS = (
    "settle",
    "look",
    "crash",
    "restart",
    "edit",
    "touch",
    "delete",
    "empty",
    "rotate",
    "back",
    "fail",
    "heal",
    "renew",
    "refresh",
)
Version = tuple[str, str] | None


class Left(NamedTuple):
    """The part of the record that a restart does not lose."""

    sequence: int = 0
    """The key of the values that were applied last; 0: none."""
    version: Version = None
    source: str = ""
    noted: bool = False


class Model:
    """The rules, and a world that must keep them."""

    def __init__(self) -> None:
        self.world = World()
        self.numbers = itertools.count(1)
        self.sequence = 1
        self.left = Left()
        self.seen: str | None = None
        """The version of the source at the last look of this process; None before the first."""
        self.values: tuple[int, bytes] | None = None
        """The values of which this process has a hash."""
        self.source = b"ca-0"

    @property
    def failing(self) -> bool:
        return self.world.keeper.failure is not None

    # The world.

    def wanted(self) -> api.SecretObject:
        """Two values that the plugin keeps, and one of a Secret of the management cluster."""
        secret = kept(self.sequence)
        ca = api.SecretSource(namespace="akoo", name="avi", key="ca", optional=True)
        data = {**secret.data, "ca": ca}
        return api.SecretObject(namespace="avi-system", name="avi-secret", data=data)

    def right(self) -> dict[str, bytes]:
        values = self.world.keeper.values
        user, password = values[f"{self.sequence}/user"], values[f"{self.sequence}/password"]
        assert user is not None
        assert password is not None
        return {"username": user, "password": password, "ca": self.source}

    def live(self) -> dict[str, Any] | None:
        return self.world.get(resources.SECRETS, "avi-secret")

    def data(self) -> dict[str, bytes] | None:
        live = self.live()
        if live is None:
            return None
        return {key: base64.b64decode(value) for key, value in (live.get("data") or {}).items()}

    def version(self) -> Version:
        live = self.live()
        return (live["metadata"]["uid"], live["metadata"]["resourceVersion"]) if live else None

    async def set_source(self, **metadata: Any) -> None:
        user = self.world.management.client(field_manager="kubectl")
        patch = {
            "data": {"ca": base64.b64encode(self.source).decode()},
            "metadata": {"annotations": metadata},
        }
        await user.merge_patch(resources.SECRETS, "avi", patch, "akoo")

    async def change(self, **change: Any) -> None:
        """A person changes the Secret in the workload cluster, if there is one."""
        if self.live() is not None:
            await self.world.edit(**change)

    # What people, plugins and time do.

    async def act(self, act: str) -> None:
        """One act, by the name of its method."""
        await getattr(self, act)()

    async def look(self) -> None:
        """Settle when a look for drift is due."""
        self.world.clock.advance(2 * deployer.DRIFT_SECONDS)
        await self.settle(due=True)

    async def crash(self) -> None:
        """Settle, and die before the record is written."""
        await self.settle(crash=True)

    async def edit(self) -> None:
        value = base64.b64encode(b"edited-%d" % next(self.numbers)).decode()
        await self.change(data={"password": value})

    async def touch(self) -> None:
        """Change nothing but a mark."""
        await self.change(metadata={"annotations": {"touched": str(next(self.numbers))}})

    async def empty(self) -> None:
        await self.change(data={"password": None})

    async def delete(self) -> None:
        if self.live() is not None:
            client = self.world.workload.client()
            await client.delete(resources.SECRETS, "avi-secret", "avi-system")

    async def rotate(self) -> None:
        number = next(self.numbers)
        self.sequence = number + 1
        self.world.keeper.values |= {
            f"{self.sequence}/user": b"user-%d" % number,
            f"{self.sequence}/password": b"right-%d" % number,
        }

    async def back(self) -> None:
        """The first values are wanted again."""
        self.sequence = 1

    async def fail(self) -> None:
        self.world.keeper.failure = RuntimeError("sealed")

    async def heal(self) -> None:
        self.world.keeper.failure = None

    async def renew(self) -> None:
        """Change the value in the management cluster."""
        self.source = b"ca-%d" % next(self.numbers)
        await self.set_source()

    async def refresh(self) -> None:
        """Change a mark in the management cluster."""
        await self.set_source(refreshed=str(next(self.numbers)))

    async def restart(self) -> None:
        self.world.restart()
        self.seen = self.values = None

    # The rules.

    async def settle(self, *, due: bool = False, crash: bool = False) -> None:
        source = self.world.version("akoo", "avi") or ""
        before, data = self.left, self.data()
        first = self.seen is None
        recipe = before.sequence == self.sequence
        same = recipe and source == (before.source if first else self.seen)
        look = first or due or before.noted
        as_left = self.version() is not None and self.version() == before.version
        opens = not ((same and not look) or (same and as_left))
        known = recipe and not look and self.values == (self.sequence, self.source)
        applies = opens and not self.failing and not known and (not recipe or data != self.right())
        lacks = data is None or not {"password", "username"} <= set(data)
        trouble = opens and self.failing and (not same or lacks)

        report, opened = await self.run(crash)

        assert len(opened) == (0 if not opens else 1 if self.failing else 2)
        if report is not None:
            assert report.applied == int(applies)
            assert bool(report.verdicts) == trouble
            assert bool(report.uncompared) == (opens and self.failing and not trouble)
        if not self.failing and (look or (opens and not known)):
            assert self.data() == self.right()
        if crash:
            await self.restart()
            return
        self.learn(source, opens=opens, known=known, same=same, look=look, trouble=trouble)

    def learn(
        self, source: str, *, opens: bool, known: bool, same: bool, look: bool, trouble: bool
    ) -> None:
        """The state after a settled deployment."""
        if not opens:
            self.seen = self.left.source if self.seen is None else self.seen
            self.left = self.left._replace(noted=self.left.noted and not look)
        elif self.failing:
            self.left = self.left._replace(noted=self.left.noted or not trouble)
        else:
            self.seen, self.values = source, (self.sequence, self.source)
            if not known:
                self.left = Left(self.sequence, self.version(), source)

    async def run(self, crash: bool) -> tuple[deployer.DeployReport | None, list[str]]:
        """Deploy once. A crash loses each write of the record that tells of something applied."""
        world = self.world
        kept_inventory = world.inventory
        try:
            report, opened = await world.settle(self.wanted())
        except errors.KubeError:
            raise AssertionError("the workload answers") from None
        if not crash:
            return report, opened
        if kept_inventory:
            world.inventory = kept_inventory
        else:  # The line is written before anything is applied.
            world.inventory = next(items for items in world.stored if items)
        return None, opened


async def play(acts: list[str]) -> None:
    model = Model()
    await model.set_source()
    for act in acts:
        await model.act(act)
    await model.act("heal")
    await model.act("look")
    assert model.data() == model.right()
    assert model.world.notes == []
    await model.act("restart")
    await model.act("settle")  # A source that was only touched is opened here.
    await model.act("restart")
    report, opened = await model.run(crash=False)
    assert (report, opened) == (deployer.DeployReport(), [])
    assert model.data() == model.right()


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.sampled_from(ACTS), min_size=3, max_size=25))
@example(["settle", "edit", "fail", "restart", "settle", "rotate", "settle", "back", "settle"])
@example(["settle", "fail", "rotate", "settle", "heal", "settle", "touch", "look", "restart"])
@example(["crash", "settle", "rotate", "crash", "fail", "edit", "settle", "renew", "settle"])
@example(["settle", "refresh", "settle", "restart", "settle", "refresh", "look", "renew"])
@example(["settle", "refresh", "settle", "settle"])
@example(["settle", "edit", "refresh", "settle", "look"])
@example(["settle", "edit", "fail", "look", "empty", "settle", "heal", "settle"])
def test_the_value_is_right_and_nothing_is_opened_without_a_cause(acts: list[str]) -> None:
    asyncio.run(play(acts))
