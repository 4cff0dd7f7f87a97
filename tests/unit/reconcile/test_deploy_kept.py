"""Secrets of the workload cluster are opened only where a source or the Secret itself changed."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from akoo_core import structs
from akoo_core.kube import resource as resources
from akoo_core.plugin import api
from akoo_core.plugin.errors import SecretMissingError
from akoo_core.plugin_host import registry
from akoo_core.reconcile.deploy import deployer
from akoo_core.reconcile.read import secret_reader
from akoo_core.telemetry import redaction
from tests.unit.reconcile import deploy_world
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile.deploy_world import DeployWorld

RIGHT, EDITED = b"canary-right-1", b"canary-edited-1"
USER = b"shop-000001"


class Keeper(api.Plugin):
    """Keeps values by key, and counts how often it opens one."""

    name = "keeper"

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, bytes | None] = {"1/user": USER, "1/password": RIGHT}
        self.failure: Exception | None = None
        self.opened: list[str] = []
        self.contexts: list[api.SecretContext] = []

    async def open_secret(self, source: api.SecretSource, ctx: api.SecretContext) -> bytes | None:
        self.opened.append(source.key)
        self.contexts.append(ctx)
        if self.failure is not None:
            raise self.failure
        return self.values[source.key]


class World(DeployWorld):
    """A DeployWorld with caches that are up to date, and a plugin that keeps values."""

    def __init__(self) -> None:
        self.keeper = Keeper()
        super().__init__()

    def restart(self) -> None:
        super().restart()
        self.use(self.version, registry.PluginSet((self.keeper,)))

    def version(self, namespace: str, name: str) -> str | None:
        copies = self.management.objects(resources.SECRETS, namespace)
        named = [copy for copy in copies if copy["metadata"]["name"] == name]
        return secret_reader.version_of(named[0] if named else None)

    async def settle(self, secret: api.SecretObject) -> tuple[deployer.DeployReport, list[str]]:
        """One deployment, and the keys that were opened in it."""
        self.keeper.opened.clear()
        return await self.deploy(secrets=(secret,)), list(self.keeper.opened)

    async def edit(self, **change: Any) -> None:
        """A person edits the Secret in the workload cluster."""
        user = self.workload.client(field_manager="kubectl")
        await user.merge_patch(resources.SECRETS, "avi-secret", change, "avi-system")

    @property
    def password(self) -> bytes | None:
        secret = self.get(resources.SECRETS, "avi-secret")
        return base64.b64decode(secret["data"]["password"]) if secret else None

    @property
    def notes(self) -> list[str]:
        return [item.note for item in self.inventory if item.note]


def kept(sequence: int = 1) -> api.SecretObject:
    return api.SecretObject(
        namespace="avi-system",
        name="avi-secret",
        data={
            "username": api.SecretSource(plugin="keeper", key=f"{sequence}/user", public=True),
            "password": api.SecretSource(
                plugin="keeper", key=f"{sequence}/password", single_line=True
            ),
        },
    )


@pytest.fixture
def kept_world() -> World:
    return World()


BOTH = ["1/password", "1/user"]


async def test_nothing_is_opened_at_rest_nor_after_a_restart(kept_world: World) -> None:
    world = kept_world
    report, opened = await world.settle(kept())
    assert (report.applied, sorted(opened)) == (1, BOTH)
    (item,) = world.inventory
    secret = world.get(resources.SECRETS, "avi-secret")
    assert secret is not None
    assert item.applied is not None
    assert item.applied.uid == secret["metadata"]["uid"]
    assert item.applied.resource_version == secret["metadata"]["resourceVersion"]
    stored = len(world.stored)
    for _ in range(3):
        assert await world.settle(kept()) == (deployer.DeployReport(), [])
        assert world.calls == []
    world.restart()
    assert await world.settle(kept()) == (deployer.DeployReport(), [])
    assert world.calls == ["get secrets avi-system/avi-secret"]
    assert await world.settle(kept()) == (deployer.DeployReport(), [])
    assert world.calls == []
    for _ in range(2):
        world.clock.advance(2 * deployer.DRIFT_SECONDS)
        assert await world.settle(kept()) == (deployer.DeployReport(), [])
    assert len(world.stored) == stored, "nothing changed, so nothing is written"


async def test_another_value_is_another_key(kept_world: World) -> None:
    world = kept_world
    await world.settle(kept())
    world.keeper.values |= {"2/user": b"shop-000002", "2/password": b"canary-right-2"}
    report, opened = await world.settle(kept(2))
    assert (report.applied, sorted(opened)) == (1, ["2/password", "2/user"])
    assert world.password == b"canary-right-2"
    assert len(world.writes) == 1
    assert await world.settle(kept(2)) == (deployer.DeployReport(), [])


@pytest.mark.parametrize("restarted", [True, False])
async def test_an_edited_password_is_mended_once(kept_world: World, restarted: bool) -> None:
    world = kept_world
    await world.settle(kept())
    await world.edit(data={"password": base64.b64encode(EDITED).decode()})
    if restarted:
        world.restart()
    else:
        world.clock.advance(2 * deployer.DRIFT_SECONDS)
    report, opened = await world.settle(kept())
    assert (report.applied, sorted(opened)) == (1, BOTH)
    assert world.password == RIGHT
    world.restart()
    assert await world.settle(kept()) == (deployer.DeployReport(), [])


async def test_a_secret_that_was_touched_only_is_opened_once(kept_world: World) -> None:
    """An annotation of somebody else changes its version, and none of its values."""
    world = kept_world
    await world.settle(kept())
    await world.edit(metadata={"annotations": {"seen-by": "a backup"}})
    world.clock.advance(2 * deployer.DRIFT_SECONDS)
    report, opened = await world.settle(kept())
    assert (report.applied, sorted(opened)) == (0, BOTH)
    for _ in range(2):
        world.clock.advance(2 * deployer.DRIFT_SECONDS)
        assert await world.settle(kept()) == (deployer.DeployReport(), [])
    world.restart()
    assert await world.settle(kept()) == (deployer.DeployReport(), [])


async def test_a_secret_of_the_same_name_is_another(kept_world: World) -> None:
    world = kept_world
    await world.settle(kept())
    await world.workload.client().delete(resources.SECRETS, "avi-secret", "avi-system")
    world.restart()
    report, opened = await world.settle(kept())
    assert (report.applied, sorted(opened)) == (1, BOTH)
    assert world.password == RIGHT


async def test_a_record_of_an_older_release_is_opened_once(kept_world: World) -> None:
    world = kept_world
    await world.settle(kept())
    world.inventory = tuple(structs.replace(item, applied=None) for item in world.inventory)
    world.restart()
    report, opened = await world.settle(kept())
    assert (report.applied, sorted(opened)) == (0, BOTH)
    world.restart()
    assert await world.settle(kept()) == (deployer.DeployReport(), [])


FAILURES = [RuntimeError("sealed"), SecretMissingError("The store is sealed.")]


@pytest.mark.parametrize("failure", FAILURES)
async def test_while_it_cannot_be_opened_the_rest_is_compared(
    kept_world: World, failure: Exception
) -> None:
    world = kept_world
    await world.settle(kept())
    world.keeper.failure = failure
    await world.edit(
        data={"password": base64.b64encode(EDITED).decode()},
        metadata={"labels": {"akoo.io/record": None}},
    )
    world.restart()
    report, opened = await world.settle(kept())
    assert report.verdicts == {}
    assert report.uncompared == ("Secret avi-system/avi-secret",)
    assert opened == ["1/password"]
    (note,) = world.notes
    assert note.startswith("The values of Secret avi-system/avi-secret cannot be compared: ")
    assert "sealed" in note
    secret = world.get(resources.SECRETS, "avi-secret")
    assert secret is not None
    assert "akoo.io/record" in secret["metadata"]["labels"], "the rest is mended"
    assert world.password == EDITED, "its values are left as they are"
    stored = len(world.stored)
    report, _ = await world.settle(kept())
    assert (report.uncompared, report.applied) == (("Secret avi-system/avi-secret",), 0)
    assert len(world.stored) == stored
    world.keeper.failure = None
    report, opened = await world.settle(kept())
    assert (report.applied, report.uncompared, sorted(opened)) == (1, (), BOTH)
    assert (world.password, world.notes) == (RIGHT, [])
    assert await world.settle(kept()) == (deployer.DeployReport(), [])


async def test_a_note_goes_where_somebody_else_put_it_right(kept_world: World) -> None:
    """The version that was left is back, as after a restored backup: nothing is opened."""
    world = kept_world
    await world.settle(kept())
    world.keeper.failure = RuntimeError("sealed")
    (left,) = world.inventory
    await world.edit(metadata={"annotations": {"seen-by": "a backup"}})
    world.restart()
    await world.settle(kept())
    (noted,) = world.inventory
    secret = world.get(resources.SECRETS, "avi-secret")
    assert secret is not None
    assert left.applied is not None
    applied = structs.replace(left.applied, resource_version=secret["metadata"]["resourceVersion"])
    world.inventory = (structs.replace(noted, applied=applied),)
    assert await world.settle(kept()) == (deployer.DeployReport(), [])
    assert world.notes == []


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("case", ["new", "gone", "lacking", "rotated"])
async def test_only_a_secret_that_cannot_be_made_is_in_trouble(
    kept_world: World, case: str, failure: Exception
) -> None:
    world = kept_world
    if case != "new":
        await world.settle(kept())
    if case == "gone":
        await world.workload.client().delete(resources.SECRETS, "avi-secret", "avi-system")
    if case == "lacking":
        await world.edit(data={"password": None})
    world.keeper.failure = failure
    world.restart()
    report, _ = await world.settle(kept(2 if case == "rotated" else 1))
    verdict = report.verdicts["ako"]
    if isinstance(failure, SecretMissingError):
        assert (type(verdict), verdict.reason) == (api.Blocked, "SecretMissing")
    else:
        assert (type(verdict), verdict.reason) == (api.Wait, "VerbFailed")
    assert "sealed" in verdict.message
    assert (report.uncompared, world.notes) == ((), [])
    if case == "rotated":
        assert world.password == RIGHT


def mixed() -> api.SecretObject:
    """A password of a Secret of the management cluster, and a user name that a plugin keeps."""
    return structs.replace(
        kept(), data={**kept().data, "password": deploy_world.SECRET.data["password"]}
    )


async def change_source(world: World, password: bytes) -> None:
    user = world.management.client(field_manager="kubectl")
    encoded = base64.b64encode(password).decode()
    await user.merge_patch(resources.SECRETS, "avi", {"data": {"password": encoded}}, "akoo")


@pytest.mark.parametrize("restarted", [True, False])
async def test_a_changed_secret_of_the_management_cluster_still_rolls(
    kept_world: World, restarted: bool
) -> None:
    world = kept_world
    for secret in (mixed(), deploy_world.SECRET):
        await world.settle(secret)
        await world.settle(secret)
        assert world.calls == []
        await change_source(world, b"canary-next-1")
        if restarted:
            world.restart()
        assert (await world.settle(secret))[0].applied == 1
        assert world.password == b"canary-next-1"
        world.restart()
        reads = len(world.management.faults.calls)
        assert await world.settle(secret) == (deployer.DeployReport(), [])
        assert len(world.management.faults.calls) == reads, "its source is not read either"
        await change_source(world, deploy_world.CANARY)
        await world.settle(secret)


async def test_a_source_that_was_touched_only_is_not_stored(kept_world: World) -> None:
    """Annotations of a Secret that many clusters use must not write a record of each."""
    world = kept_world
    await world.settle(mixed())
    stored = len(world.stored)
    user = world.management.client(field_manager="kubectl")
    for number in range(2):
        patch = {"metadata": {"annotations": {"refreshed": str(number)}}}
        await user.merge_patch(resources.SECRETS, "avi", patch, "akoo")
        report, opened = await world.settle(mixed())
        assert (report, opened) == (deployer.DeployReport(), ["1/user"])
        assert world.calls == []
        assert await world.settle(mixed()) == (deployer.DeployReport(), [])
    assert len(world.stored) == stored


async def test_an_optional_value_that_comes_later_is_looked_for(kept_world: World) -> None:
    world = kept_world
    source = api.SecretSource(plugin="keeper", key="1/ca", optional=True)
    secret = structs.replace(kept(), data={**kept().data, "ca": source})
    world.keeper.values["1/ca"] = None
    await world.settle(secret)
    assert await world.settle(secret) == (deployer.DeployReport(), [])
    world.clock.advance(2 * deployer.DRIFT_SECONDS)
    assert (await world.settle(secret))[0].applied == 0
    world.keeper.values["1/ca"] = b"pem"
    world.clock.advance(2 * deployer.DRIFT_SECONDS)
    assert (await world.settle(secret))[0].applied == 1
    world.restart()
    assert await world.settle(secret) == (deployer.DeployReport(), [])


async def test_a_needed_value_that_a_plugin_lacks_blocks(kept_world: World) -> None:
    kept_world.keeper.values["1/password"] = None
    report, _ = await kept_world.settle(kept())
    verdict = report.verdicts["ako"]
    assert verdict.reason == "SecretMissing"
    assert verdict.message == "Plugin \"keeper\" keeps no key '1/password'."


async def test_after_a_restart_a_kept_contribution_has_the_same_digest(kept_world: World) -> None:
    """Its plugin is in trouble, and the recipe in the inventory stands for it."""
    world = kept_world
    await world.settle(kept())
    world.restart()
    world.keeper.opened.clear()
    last = world.deployer.last(builders.RECORD, "ako", world.inventory)
    assert last is not None
    assert last.contribution.secrets == (kept(),)
    assert await world.run({"ako": last.contribution}) == deployer.DeployReport()
    assert world.keeper.opened == []


async def test_the_context_brings_what_a_store_needs(kept_world: World) -> None:
    await kept_world.settle(kept())
    ctx = kept_world.keeper.contexts[0]
    assert ctx.record_name == builders.RECORD
    assert ctx.plugin == "keeper"
    assert ctx.keep is None
    assert ctx.management_id == builders.MANAGEMENT
    assert await ctx.threads.run(lambda: 7) == 7
    async with ctx.external.call("vault", "read", write=False):
        ctx.log.info("read")


async def test_a_user_name_stays_readable_and_a_password_does_not(kept_world: World) -> None:
    await kept_world.settle(kept())
    text = f"{USER.decode()} may not log in with {RIGHT.decode()}"
    assert redaction.redact(text) == f"{USER.decode()} may not log in with [redacted]"
