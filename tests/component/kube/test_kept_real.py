"""Kept Secrets, and Secrets that are left alone, on the server in memory and on a real one."""

from __future__ import annotations

import asyncio
import base64
import pathlib
from typing import Any

import pytest

from akoo_core import external
from akoo_core.clock import ManualClock
from akoo_core.kube import errors as kube_errors
from akoo_core.kube import rights, transport
from akoo_core.kube.access import config
from akoo_core.kube.resource import NAMESPACES, SECRETS, Resource
from akoo_core.plugin import api as plugin_api
from akoo_core.plugin.errors import KeptConflictError, KeptForeignError
from akoo_core.plugin_host import context, rbac, registry
from akoo_core.plugin_host.kept.keep import SecretKeep
from akoo_core.reconcile.deploy import deployer, secrets
from akoo_core.reconcile.read import secret_reader
from akoo_core.testing import InlineThreads

ROLES = Resource("rbac.authorization.k8s.io", "v1", "roles", "Role")
BINDINGS = ROLES._replace(plural="rolebindings", kind="RoleBinding")


def kept_in(api: Any, plugin: str = "tenancy") -> SecretKeep:
    return SecretKeep(api.client, namespace=api.namespace, plugin=plugin)


async def test_a_kept_secret_is_compared_and_set(api: Any) -> None:
    kept, rival = kept_in(api), kept_in(api)
    assert await kept.get("shop") is None
    made = await kept.create("shop", {"record": b"{}", "empty": b""})
    assert made.data == {"record": b"{}", "empty": b""}
    assert await rival.get("shop") == made
    with pytest.raises(KeptConflictError):
        await rival.create("shop", {})
    newer = await kept.replace("shop", {"record": b"[]"}, version=made.version)
    assert newer.data == {"record": b"[]"}
    for call in (
        rival.replace("shop", {"record": b"lost"}, version=made.version),
        rival.delete("shop", version=made.version),
    ):
        with pytest.raises(KeptConflictError):
            await call
    assert await kept.names() == ("shop",)
    await kept.delete("shop", version=newer.version)
    await kept.delete("shop", version=newer.version)
    with pytest.raises(KeptConflictError):
        await rival.replace("shop", {"record": b"lost"}, version=newer.version)
    again = await kept.create("shop", {})
    with pytest.raises(KeptConflictError):
        await rival.replace("shop", {"record": b"lost"}, version=newer.version)
    assert (await kept.get("shop")) == again


async def test_one_of_many_writers_at_once_wins(api: Any) -> None:
    made = await kept_in(api).create("count", {"n": b"0"})

    async def write(number: int) -> bool:
        try:
            data = {"n": str(number).encode()}
            await kept_in(api).replace("count", data, version=made.version)
        except KeptConflictError:
            return False
        return True

    won = await asyncio.gather(*(write(number) for number in range(1, 9)))
    assert sum(won) == 1
    last = await kept_in(api).get("count")
    assert last is not None
    assert int(last.data["n"]) == won.index(True) + 1


async def test_names_are_listed_for_each_plugin(api: Any) -> None:
    for plugin, name in (("dns", "lab.a"), ("dns-lab", "a"), ("dns", "b")):
        await kept_in(api, plugin).create(name, {"n": name.encode()})
    assert await kept_in(api, "dns").names() == ("b", "lab.a")
    assert await kept_in(api, "dns").names("lab") == ("lab.a",)
    assert await kept_in(api, "dns-lab").names() == ("a",)
    await api.client.create(
        SECRETS,
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "akoo-kept.dns.theirs", "namespace": api.namespace},
        },
    )
    with pytest.raises(KeptForeignError):
        await kept_in(api, "dns").get("theirs")


class Keeper(plugin_api.Plugin):
    """Opens a password, and counts it."""

    name = "keeper"
    keeps = True

    def __init__(self) -> None:
        super().__init__()
        self.opened = 0

    async def open_secret(
        self, source: plugin_api.SecretSource, ctx: plugin_api.SecretContext
    ) -> bytes | None:
        self.opened += 1
        assert ctx.keep is not None
        kept = await ctx.keep.get(ctx.record_name)
        return kept.data[source.key] if kept is not None else None


async def test_the_rendered_role_allows_it_in_its_namespace_only(
    real_server: Any, real_api: Any, tmp_path: pathlib.Path
) -> None:
    _, role = rbac.manifests([Keeper()], namespace=real_api.namespace)
    user = f"keeper-{real_api.namespace}"
    binding = {
        "apiVersion": BINDINGS.api_version,
        "kind": "RoleBinding",
        "metadata": {"name": "akoo-core", "namespace": real_api.namespace},
        "roleRef": {"apiGroup": ROLES.group, "kind": "Role", "name": "akoo-core"},
        "subjects": [{"apiGroup": ROLES.group, "kind": "User", "name": user}],
    }
    await real_api.client.apply(ROLES, role)
    await real_api.client.apply(BINDINGS, binding)
    file = tmp_path / "keeper"
    file.write_text(real_server.running.client_kubeconfig(user))
    kube = transport.HttpClient(await config.endpoint_of(str(file)), external=external.External())
    try:
        async with asyncio.timeout(10):
            while await rights.missing_rights(kube, rbac.KEEPING, namespace=real_api.namespace):
                pass
        kept = SecretKeep(kube, namespace=real_api.namespace, plugin="keeper")
        made = await kept.create("shop", {"n": b"1"})
        newer = await kept.replace("shop", {"n": b"2"}, version=made.version)
        assert (await kept.get("shop")) == newer
        assert await kept.names() == ("shop",)
        await kept.delete("shop", version=newer.version)
        elsewhere = SecretKeep(kube, namespace="default", plugin="keeper")
        with pytest.raises(kube_errors.ForbiddenError):
            await elsewhere.create("shop", {})
        (missing,) = await rights.missing_rights(kube, rbac.KEEPING, namespace="default")
        assert set(missing.verbs) == {"get", "list", "create", "update", "delete"}
    finally:
        await kube.close()


class Deployments:
    """Deploys one Secret from a kept value, by processes that come and go."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.keeper = Keeper()
        self.kept = kept_in(api, "keeper")
        self.inventory: deployer.Inventory = ()
        self.start()

    def start(self) -> None:
        clock, client = ManualClock(), self.api.client
        reader = secret_reader.ManagementSecretReader(client, allowed_namespaces=())
        means = context.Means(
            clock=clock,
            external=external.External(),
            secrets=reader.once,
            threads=lambda _: InlineThreads(),
            management_id="m",
            keep=lambda _: self.kept,
        )
        opener = secrets.SecretOpener(reader, registry.PluginSet((self.keeper,)), means)
        self.deployer = deployer.Deployer(clock=clock, opener=opener)

    async def deploy(self, key: str = "1") -> tuple[int, int]:
        """Times that values were opened, and objects applied."""
        source = plugin_api.SecretSource(plugin="keeper", key=key, single_line=True)
        secret = plugin_api.SecretObject(
            namespace=self.api.namespace, name="avi-secret", data={"password": source}
        )
        job = deployer.Job(
            record_name="akoo-000000000001",
            inventory=self.inventory,
            contributions={"ako": plugin_api.Contribution(secrets=(secret,))},
        )
        before = self.keeper.opened
        report = await self.deployer.deploy(job, self.api.client, self.store)
        assert report.verdicts == {}
        return self.keeper.opened - before, report.applied

    async def store(self, items: deployer.Inventory) -> None:
        self.inventory = items

    async def password(self) -> bytes:
        secret = await self.api.client.get(SECRETS, "avi-secret", self.api.namespace)
        return base64.b64decode(secret["data"]["password"])

    async def edit(self, **change: Any) -> None:
        await self.api.client.merge_patch(SECRETS, "avi-secret", change, self.api.namespace)


async def test_a_secret_that_is_as_it_was_left_is_not_opened(api: Any) -> None:
    assert await api.client.get(NAMESPACES, api.namespace)
    there = Deployments(api)
    await there.kept.create("akoo-000000000001", {"1": b"first-password", "2": b"second-password"})
    assert await there.deploy() == (1, 1)
    assert await there.deploy() == (0, 0)
    there.start()
    assert await there.deploy() == (0, 0)

    await there.edit(data={"password": base64.b64encode(b"edited").decode()})
    there.start()
    assert await there.deploy() == (1, 1)
    assert await there.password() == b"first-password"

    await there.edit(metadata={"annotations": {"seen-by": "somebody"}})
    there.start()
    assert await there.deploy() == (1, 0)
    there.start()
    assert await there.deploy() == (0, 0)

    assert await there.deploy("2") == (1, 1)
    assert await there.password() == b"second-password"
    await api.client.delete(SECRETS, "avi-secret", api.namespace)
    there.start()
    assert await there.deploy("2") == (1, 1)
    there.start()
    assert await there.deploy("2") == (0, 0)
