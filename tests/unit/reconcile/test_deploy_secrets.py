"""Secret values: where they come from, where they go, and where they never are."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from akoo_core import external, structs
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.kube.client import FIELD_MANAGER
from akoo_core.plugin import api
from akoo_core.plugin.errors import SecretNamespaceNotAllowedError
from akoo_core.plugin_host import registry
from akoo_core.reconcile.deploy import deployer, inventory, objects, secrets
from akoo_core.reconcile.read import secret_reader
from akoo_core.telemetry import redaction
from akoo_core.testing import memory
from akoo_core.testing.memory import client as memory_client
from tests.unit.reconcile import deploy_world
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile.deploy_world import DeployWorld


async def test_a_secret_value_is_nowhere_but_in_the_secret(world: DeployWorld) -> None:
    await world.deploy(secrets=(deploy_world.SECRET,))
    secret = world.get(resources.SECRETS, "avi-secret")
    assert secret is not None
    assert secret["data"] == {"password": base64.b64encode(deploy_world.CANARY).decode()}
    assert deploy_world.CANARY.decode() not in repr(world.stored)
    assert secret["data"]["password"] not in repr(world.stored)


async def test_a_changed_value_is_applied_and_an_equal_one_is_not(world: DeployWorld) -> None:
    await world.deploy(secrets=(deploy_world.SECRET,))
    assert await world.deploy(secrets=(deploy_world.SECRET,)) == deployer.DeployReport()
    assert world.calls == []
    await change_source(world, world.source(b"new", ca=b"pem"))
    assert (await world.deploy(secrets=(deploy_world.SECRET,))).applied == 1
    await change_source(world, world.source(b"new"))
    assert (await world.deploy(secrets=(deploy_world.SECRET,))).applied == 1
    secret = world.get(resources.SECRETS, "avi-secret")
    assert secret is not None
    assert list(secret["data"]) == ["password"], "a source that went takes its key along"


async def change_source(world: DeployWorld, source: dict[str, Any]) -> None:
    client = world.management.client()
    await client.delete(resources.SECRETS, "avi", "akoo")
    await client.create(resources.SECRETS, source, "akoo")


@pytest.mark.parametrize("value", [b"canary-line-1\n", b"canary-line-1\r\n", b"canary\nline-1"])
async def test_a_line_break_in_a_password_does_not_reach_a_workload(
    world: DeployWorld, value: bytes
) -> None:
    source = structs.replace(deploy_world.SECRET.data["password"], single_line=True)
    wanted = structs.replace(
        deploy_world.SECRET, data={**deploy_world.SECRET.data, "password": source}
    )
    await change_source(world, world.source(value, ca=b"pem\n"))
    verdict = (await world.deploy(secrets=(wanted,))).verdicts["ako"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "CredentialHasLineBreak"
    assert "Secret akoo/avi: key 'password'" in verdict.message
    assert "canary" not in verdict.message
    assert world.get(resources.SECRETS, "avi-secret") is None
    await change_source(world, world.source(b"canary-line-1", ca=b"pem\n"))
    assert (await world.deploy(secrets=(wanted,))).applied == 1


async def test_after_a_restart_the_live_secret_is_compared_once(world: DeployWorld) -> None:
    await world.deploy(secrets=(deploy_world.SECRET,))
    world.restart()
    assert await world.deploy(secrets=(deploy_world.SECRET,)) == deployer.DeployReport()
    assert world.calls == ["get secrets avi-system/avi-secret"]
    await world.deploy(secrets=(deploy_world.SECRET,))
    assert world.calls == []
    world.restart()
    await change_source(world, world.source(b"changed while we were away"))
    assert (await world.deploy(secrets=(deploy_world.SECRET,))).applied == 1


async def test_secrets_come_from_allowed_namespaces_only(world: DeployWorld) -> None:
    reader = secret_reader.ManagementSecretReader(
        world.management.client(), allowed_namespaces=("akoo",)
    )
    with pytest.raises(SecretNamespaceNotAllowedError, match="allowedSecretNamespaces"):
        await reader.read(api.SecretSource(namespace="kube-system", name="x", key="y"))
    assert not [call for call in world.management.faults.calls if call.namespace == "kube-system"]


@pytest.mark.parametrize(
    ("kind", "of_ancestor", "answer"),
    [
        ("avi.cluster.x-k8s.io/secret", True, b"x"),
        ("avi.cluster.x-k8s.io/secret", False, "allowedSecretNamespaces"),
        ("Opaque", True, "it is not of type avi.cluster.x-k8s.io/secret"),
        ("cluster.x-k8s.io/secret", True, "it is not of type avi.cluster.x-k8s.io/secret"),
        ("akoo.io/kept", True, "a plugin keeps it for itself"),
    ],
)
async def test_an_account_of_the_ancestor_is_read_by_its_type(
    kind: str, of_ancestor: bool, answer: bytes | str
) -> None:
    server = memory.MemoryServer(name="management")
    metadata = {"namespace": "team-a", "name": "shop-avi-credentials"}
    account = {"kind": "Secret", "metadata": metadata, "data": {"password": "eA=="}}
    server.seed({"apiVersion": "v1", "type": kind, **account})
    reader = secret_reader.ManagementSecretReader(server.client(), allowed_namespaces=("akoo",))
    source = api.SecretSource(
        namespace="team-a", name="shop-avi-credentials", key="password", of_ancestor=of_ancestor
    )
    if isinstance(answer, bytes):
        once = reader.once()
        assert await once.read(source) == answer
        plain = structs.replace(source, of_ancestor=False)
        with pytest.raises(SecretNamespaceNotAllowedError):
            await once.read(plain)  # the same Secret, as a config would name it
        pair = "team-a", "shop-avi-credentials"
        assert list(once.versions()) == [pair]
        version = await reader.version(*pair, of_ancestor=True)
        assert version == once.versions()[pair]
        with pytest.raises(SecretNamespaceNotAllowedError):
            await reader.version(*pair)
        return
    with pytest.raises(SecretNamespaceNotAllowedError, match=answer):
        await reader.read(source)


@pytest.mark.parametrize("kind", ["avi.cluster.x-k8s.io/secret", "Opaque"])
@pytest.mark.parametrize("namespace", ["akoo", "team-a"])
async def test_the_version_of_an_account_of_the_ancestor_is_that_of_its_type_alone(
    kind: str, namespace: str
) -> None:
    server = memory.MemoryServer(name="management")
    metadata = {"namespace": namespace, "name": "shop-avi-credentials"}
    server.seed({"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": metadata})
    reader = secret_reader.ManagementSecretReader(server.client(), allowed_namespaces=("akoo",))
    pair = namespace, "shop-avi-credentials"
    version = await reader.version(*pair, of_ancestor=True)
    assert bool(version) == (kind != "Opaque")
    assert not await reader.version(namespace, "none", of_ancestor=True)


async def test_a_secret_that_a_plugin_keeps_is_for_no_config() -> None:
    server = memory.MemoryServer(name="management")
    metadata = {"namespace": "akoo-system", "name": "akoo-kept.tenancy.shop"}
    kept = {"kind": "Secret", "metadata": metadata, "data": {"password": "eA=="}}
    server.seed({"apiVersion": "v1", "type": "akoo.io/kept", **kept})
    reader = secret_reader.ManagementSecretReader(
        server.client(), allowed_namespaces=("akoo-system",)
    )
    source = api.SecretName(namespace="akoo-system", name="akoo-kept.tenancy.shop")
    for optional in (False, True):
        with pytest.raises(SecretNamespaceNotAllowedError, match="a plugin keeps it for itself"):
            await reader.read(source.source("password", optional=optional))
    with pytest.raises(SecretNamespaceNotAllowedError):
        await reader.version(*source.pair)


async def test_opened_values_are_masked_in_whatever_is_said_afterwards() -> None:
    server = memory.MemoryServer(name="management")
    values = {"username": b"akoo-shop", "password": b"canary-opened-1", "pin": b"1234"}
    data = {key: base64.b64encode(value).decode() for key, value in values.items()}
    metadata = {"namespace": "akoo", "name": "avi"}
    server.seed({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
    reader = secret_reader.ManagementSecretReader(server.client(), allowed_namespaces=("akoo",))
    note = "akoo-shop may not log in with canary-opened-1 and 1234"
    assert redaction.redact(note) == note
    for key in values:
        await reader.read(api.SecretSource(namespace="akoo", name="avi", key=key))
    assert redaction.redact(note) == "akoo-shop may not log in with [redacted] and 1234"


async def test_so_are_values_that_a_plugin_keeps(world: DeployWorld) -> None:
    class Vault(api.Plugin):
        async def open_secret(self, source: api.SecretSource, ctx: api.SecretContext) -> bytes:
            return b"canary-opened-2"

    vault = Vault()
    vault.name = "vault"
    opener = secrets.SecretOpener(world.reader, registry.PluginSet((vault,)), world.means)
    secret = api.SecretObject(
        namespace="avi-system", name="s", data={"x": api.SecretSource(key="p", plugin="vault")}
    )
    assert await opener.open(secret) == ({"x": b"canary-opened-2"}, {}, True)
    assert redaction.redact("no canary-opened-2 here") == "no [redacted] here"


@pytest.mark.parametrize(
    ("source", "part"),
    [
        (api.SecretSource(namespace="akoo", name="none", key="x"), "akoo/none does not exist"),
        (api.SecretSource(namespace="akoo", name="avi", key="x"), "has no key 'x'"),
    ],
)
async def test_a_missing_secret_blocks_and_names_it(
    world: DeployWorld, source: api.SecretSource, part: str
) -> None:
    secret = api.SecretObject(namespace="avi-system", name="s", data={"x": source})
    verdict = (await world.deploy(secrets=(secret,))).verdicts["ako"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "SecretMissing"
    assert part in verdict.message


async def test_what_the_server_says_about_a_secret_it_refuses_is_not_repeated(
    world: DeployWorld,
) -> None:
    quoted = f"data.password: Invalid value: {deploy_world.CANARY.decode()}"
    world.workload.faults.before("apply *", errors.InvalidError(quoted, status=422))
    refused = (await world.deploy(secrets=(deploy_world.SECRET,))).verdicts["ako"]
    assert refused.reason == "ObjectRefused"
    assert deploy_world.CANARY.decode() not in refused.message
    assert "see the API server's log" in refused.message
    world.workload.faults.before("apply *", errors.InvalidError(quoted, status=422))
    verdict = (await world.deploy(deploy_world.config_map())).verdicts["ako"]
    assert quoted in verdict.message, "of anything else it is"


class Replaced(memory_client.MemoryClient):
    """Behind a reader's back, somebody deletes what was read and makes it again."""

    def __init__(self, server: memory.MemoryServer) -> None:
        super().__init__(server, external.External(), system="workload", field_manager="test")

    async def get(
        self, resource: resources.Resource, name: str, namespace: str | None = None
    ) -> dict[str, Any]:
        obj = await super().get(resource, name, namespace)
        await super().delete(resource, name, namespace)
        again = {key: obj[key] for key in ("apiVersion", "kind", "data")}
        metadata = {key: obj["metadata"][key] for key in ("name", "namespace", "labels")}
        await super().create(resource, {**again, "metadata": metadata}, namespace)
        return obj


async def test_what_was_made_again_under_its_name_is_not_deleted(world: DeployWorld) -> None:
    await world.deploy(deploy_world.config_map())
    workload_objects = objects.WorkloadObjects(builders.RECORD, Replaced(world.workload))
    key = inventory.ObjectKey("", "ConfigMap", "avi-system", "avi-k8s-config")
    with pytest.raises(errors.WorkloadConflictError, match="avi-system/avi-k8s-config"):
        await workload_objects.remove("v1", key)
    assert world.get(resources.CONFIG_MAPS, "avi-k8s-config") is not None


class Frozen(memory_client.MemoryClient):
    """The client of a leader that stops at its first apply of a Secret while ``meanwhile``
    happens."""

    def __init__(
        self, server: memory.MemoryServer, meanwhile: Callable[[], Awaitable[object]]
    ) -> None:
        super().__init__(
            server, external.External(), system="workload", field_manager=FIELD_MANAGER
        )
        self._meanwhile: Callable[[], Awaitable[object]] | None = meanwhile

    async def apply(
        self, resource: resources.Resource, obj: dict[str, Any], **how: Any
    ) -> dict[str, Any]:
        if resource == resources.SECRETS and self._meanwhile is not None:
            meanwhile, self._meanwhile = self._meanwhile, None
            await meanwhile()
        return await super().apply(resource, obj, **how)


def password_of(world: DeployWorld) -> bytes:
    secret = world.get(resources.SECRETS, "avi-secret")
    assert secret is not None
    return base64.b64decode(secret["data"]["password"])


async def test_the_late_write_of_a_frozen_leader_brings_no_old_credential_back(
    world: DeployWorld,
) -> None:
    await world.deploy(secrets=(deploy_world.SECRET,))
    frozen = world.deployer
    await change_source(world, world.source(b"second"))

    async def another_leader_deploys() -> None:
        await change_source(world, world.source(b"third"))
        world.restart()
        assert (await world.deploy(secrets=(deploy_world.SECRET,))).applied == 1

    job = deployer.Job(
        record_name=builders.RECORD,
        inventory=world.inventory,
        contributions={"ako": api.Contribution(secrets=(deploy_world.SECRET,))},
    )
    stored: list[deployer.Inventory] = []

    async def store(items: deployer.Inventory) -> None:
        stored.append(items)

    with pytest.raises(errors.WorkloadConflictError, match="Secret avi-system/avi-secret"):
        await frozen.deploy(job, Frozen(world.workload, another_leader_deploys), store)
    assert password_of(world) == b"third"
    assert stored == [], "the record does not say that its value is in place"


@pytest.mark.parametrize("deleted", [False, True], ids=["never there", "deleted meanwhile"])
async def test_a_frozen_leader_makes_no_secret_that_another_made_or_took(
    world: DeployWorld, deleted: bool
) -> None:
    if deleted:
        await world.deploy(secrets=(deploy_world.SECRET,))
        await change_source(world, world.source(b"second"))
    frozen, user = world.deployer, world.workload.client()

    async def meanwhile() -> None:
        if deleted:
            await user.delete(resources.SECRETS, "avi-secret", "avi-system")
            return
        await change_source(world, world.source(b"third"))
        world.restart()
        assert (await world.deploy(secrets=(deploy_world.SECRET,))).applied == 1

    job = deployer.Job(
        record_name=builders.RECORD,
        inventory=world.inventory,
        contributions={"ako": api.Contribution(secrets=(deploy_world.SECRET,))},
    )
    with pytest.raises(errors.WorkloadConflictError):
        await frozen.deploy(job, Frozen(world.workload, meanwhile), world.store)
    if deleted:
        assert world.get(resources.SECRETS, "avi-secret") is None
    else:
        assert password_of(world) == b"third"


async def test_after_a_conflict_the_secret_is_looked_at_again(world: DeployWorld) -> None:
    await world.deploy(secrets=(deploy_world.SECRET,))
    await change_source(world, world.source(b"second"))

    async def somebody_edits_it() -> None:
        patch = {"data": {"password": base64.b64encode(b"by hand").decode()}}
        user = world.workload.client(field_manager="kubectl")
        await user.merge_patch(resources.SECRETS, "avi-secret", patch, "avi-system")

    job = deployer.Job(
        record_name=builders.RECORD,
        inventory=world.inventory,
        contributions={"ako": api.Contribution(secrets=(deploy_world.SECRET,))},
    )
    with pytest.raises(errors.WorkloadConflictError):
        await world.deployer.deploy(job, Frozen(world.workload, somebody_edits_it), world.store)
    assert password_of(world) == b"by hand"
    assert (await world.deploy(secrets=(deploy_world.SECRET,))).applied == 1
    assert password_of(world) == b"second"
