"""Secret values: where they come from, where they go, and where they never are."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from akoo_core import external, structs
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.plugin import api
from akoo_core.plugin.errors import SecretNamespaceNotAllowedError
from akoo_core.plugin_host import registry
from akoo_core.reconcile.deploy import deployer, inventory, objects, secrets
from akoo_core.reconcile.read import secret_reader
from akoo_core.telemetry import redaction
from akoo_core.testing import memory
from akoo_core.testing.memory import client as memory_client
from tests.unit.reconcile import reconcile_bench
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile.reconcile_bench import Bench


async def test_a_secret_value_is_nowhere_but_in_the_secret(bench: Bench) -> None:
    await bench.deploy(secrets=(reconcile_bench.SECRET,))
    secret = bench.get(resources.SECRETS, "avi-secret")
    assert secret is not None
    assert secret["data"] == {"password": base64.b64encode(reconcile_bench.CANARY).decode()}
    assert reconcile_bench.CANARY.decode() not in repr(bench.stored)
    assert secret["data"]["password"] not in repr(bench.stored)


async def test_a_changed_value_is_applied_and_an_equal_one_is_not(bench: Bench) -> None:
    await bench.deploy(secrets=(reconcile_bench.SECRET,))
    assert await bench.deploy(secrets=(reconcile_bench.SECRET,)) == deployer.DeployReport()
    assert bench.calls == []
    await change_source(bench, bench.source(b"new", ca=b"pem"))
    assert (await bench.deploy(secrets=(reconcile_bench.SECRET,))).applied == 1
    await change_source(bench, bench.source(b"new"))
    assert (await bench.deploy(secrets=(reconcile_bench.SECRET,))).applied == 1
    secret = bench.get(resources.SECRETS, "avi-secret")
    assert secret is not None
    assert list(secret["data"]) == ["password"], "a source that went takes its key along"


async def change_source(bench: Bench, source: dict[str, Any]) -> None:
    client = bench.management.client()
    await client.delete(resources.SECRETS, "avi", "akoo")
    await client.create(resources.SECRETS, source, "akoo")


@pytest.mark.parametrize("value", [b"canary-line-1\n", b"canary-line-1\r\n", b"canary\nline-1"])
async def test_a_line_break_in_a_password_does_not_reach_a_workload(
    bench: Bench, value: bytes
) -> None:
    source = structs.replace(reconcile_bench.SECRET.data["password"], single_line=True)
    wanted = structs.replace(
        reconcile_bench.SECRET, data={**reconcile_bench.SECRET.data, "password": source}
    )
    await change_source(bench, bench.source(value, ca=b"pem\n"))
    verdict = (await bench.deploy(secrets=(wanted,))).verdicts["ako"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "CredentialHasLineBreak"
    assert "Secret akoo/avi: key 'password'" in verdict.message
    assert "canary" not in verdict.message
    assert bench.get(resources.SECRETS, "avi-secret") is None
    await change_source(bench, bench.source(b"canary-line-1", ca=b"pem\n"))
    assert (await bench.deploy(secrets=(wanted,))).applied == 1


async def test_after_a_restart_the_live_secret_is_compared_once(bench: Bench) -> None:
    await bench.deploy(secrets=(reconcile_bench.SECRET,))
    bench.restart()
    assert await bench.deploy(secrets=(reconcile_bench.SECRET,)) == deployer.DeployReport()
    assert bench.calls == ["get secrets avi-system/avi-secret"]
    await bench.deploy(secrets=(reconcile_bench.SECRET,))
    assert bench.calls == []
    bench.restart()
    await change_source(bench, bench.source(b"changed while we were away"))
    assert (await bench.deploy(secrets=(reconcile_bench.SECRET,))).applied == 1


async def test_secrets_come_from_allowed_namespaces_only(bench: Bench) -> None:
    reader = secret_reader.ManagementSecretReader(
        bench.management.client(), allowed_namespaces=("akoo",)
    )
    with pytest.raises(SecretNamespaceNotAllowedError, match="allowedSecretNamespaces"):
        await reader.read(api.SecretSource(namespace="kube-system", name="x", key="y"))
    assert not [call for call in bench.management.faults.calls if call.namespace == "kube-system"]


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


async def test_so_are_values_that_a_plugin_keeps(bench: Bench) -> None:
    class Vault(api.Plugin):
        async def open_secret(self, source: api.SecretSource) -> bytes:
            return b"canary-opened-2"

    vault = Vault()
    vault.name = "vault"
    opener = secrets.SecretOpener(bench.reader, registry.PluginSet((vault,)))
    secret = api.SecretObject(
        namespace="avi-system", name="s", data={"x": api.SecretSource(key="p", plugin="vault")}
    )
    assert await opener.open(secret) == ({"x": b"canary-opened-2"}, None)
    assert redaction.redact("no canary-opened-2 here") == "no [redacted] here"


@pytest.mark.parametrize(
    ("source", "part"),
    [
        (api.SecretSource(namespace="akoo", name="none", key="x"), "akoo/none does not exist"),
        (api.SecretSource(namespace="akoo", name="avi", key="x"), "has no key 'x'"),
    ],
)
async def test_a_missing_secret_blocks_and_names_it(
    bench: Bench, source: api.SecretSource, part: str
) -> None:
    secret = api.SecretObject(namespace="avi-system", name="s", data={"x": source})
    verdict = (await bench.deploy(secrets=(secret,))).verdicts["ako"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "SecretMissing"
    assert part in verdict.message


async def test_what_the_server_says_about_a_secret_it_refuses_is_not_repeated(
    bench: Bench,
) -> None:
    quoted = f"data.password: Invalid value: {reconcile_bench.CANARY.decode()}"
    bench.workload.faults.before("apply *", errors.InvalidError(quoted, status=422))
    refused = (await bench.deploy(secrets=(reconcile_bench.SECRET,))).verdicts["ako"]
    assert refused.reason == "ObjectRefused"
    assert reconcile_bench.CANARY.decode() not in refused.message
    assert "see the API server's log" in refused.message
    bench.workload.faults.before("apply *", errors.InvalidError(quoted, status=422))
    verdict = (await bench.deploy(reconcile_bench.config_map())).verdicts["ako"]
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


async def test_what_was_made_again_under_its_name_is_not_deleted(bench: Bench) -> None:
    await bench.deploy(reconcile_bench.config_map())
    workload_objects = objects.WorkloadObjects(builders.RECORD, Replaced(bench.workload))
    key = inventory.ObjectKey("", "ConfigMap", "avi-system", "avi-k8s-config")
    with pytest.raises(errors.WorkloadConflictError, match="avi-system/avi-k8s-config"):
        await workload_objects.remove("v1", key)
    assert bench.get(resources.CONFIG_MAPS, "avi-k8s-config") is not None
