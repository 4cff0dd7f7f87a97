"""deploy/vault: the scripts of a Vault administrator, on a real OpenBao and a real API server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from akoo_tenancy.spec import settings
from akoo_tenancy.store import api, errors, vault
from akoo_tenancy.testing.store import StoreMeans
from akoo_testbed import running as beds
from akoo_testbed.openbao import Admin, AnswerError
from akoo_testbed.openbao.pytest import RunningOpenBao

from akoo_core.plugin import clock, structs

SCRIPTS = pathlib.Path(__file__).parents[3] / "deploy/vault"
KEY = api.record_key("akoo-0f3b2c1d4e5a")
DATA = {"state": "living", "active": {"password": "Kq7-canary-of-a-password_42.x"}}


class Place:
    """A Vault of its own within the shared one: other names for mount, policy, login and role."""

    def __init__(self, server: RunningOpenBao, folder: pathlib.Path) -> None:
        suffix = secrets.token_hex(4)
        self.server = server
        self.folder = folder
        self.names = {
            "MOUNT": f"akoo-{suffix}",
            "PREFIX": "akoo-core",
            "POLICY": f"policy-{suffix}",
            "AUTH_MOUNT": f"login-{suffix}",
            "ROLE": f"role-{suffix}",
            "SERVICE_ACCOUNT": "operator",
            "SERVICE_ACCOUNT_NAMESPACE": "default",
            "AUDIENCE": "vault",
        }

    async def run(self, script: str, *arguments: str, **variables: str) -> tuple[int, str]:
        """Run a script as an administrator; its exit code and all it printed."""
        environment = {
            "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "BAO_ADDR": self.server.url,
            "BAO_TOKEN": self.server.admin.token,
            "BAO_CACERT": str(self.server.ca_file),
            **self.names,
            **variables,
        }
        process = await asyncio.create_subprocess_exec(
            "sh",
            str(SCRIPTS / script),
            *arguments,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await process.communicate()
        return process.returncode or 0, printed.decode()

    async def set_up(self, **variables: str) -> None:
        code, printed = await self.run("setup.sh", **variables)
        assert code == 0, printed

    def settings(self, method: settings.LoginMethod, jwt: str) -> settings.Vault:
        return settings.Vault(
            address=self.server.url,
            ca_file=str(self.server.ca_file),
            mount=self.names["MOUNT"],
            login=settings.Login(
                method=method,
                mount=self.names["AUTH_MOUNT"],
                role=self.names["ROLE"],
                jwt_file=str(self.file("jwt", jwt)),
            ),
        )

    def file(self, name: str, text: str) -> pathlib.Path:
        file = self.folder / name
        file.write_text(text)
        return file

    async def admin(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return await self.server.call(self.server.admin.ask(method, path, body))


@pytest.fixture
async def place(openbao_process: RunningOpenBao, tmp_path: pathlib.Path) -> AsyncIterator[Place]:
    made = Place(openbao_process, tmp_path)
    yield made
    for path in ("sys/mounts/" + made.names["MOUNT"], "sys/auth/" + made.names["AUTH_MOUNT"]):
        with contextlib.suppress(AnswerError):
            await made.admin("DELETE", path)


@contextlib.asynccontextmanager
async def opened(chosen: settings.Vault) -> AsyncIterator[tuple[api.Store, vault.VaultStores]]:
    stores = vault.VaultStores(chosen)
    try:
        yield stores.of(StoreMeans(clock.SystemClock())), stores
    finally:
        await stores.close()


Tokens = Callable[..., str]


@pytest.fixture
def token(apiserver: beds.RunningServer) -> Tokens:
    """Makes a ServiceAccount in namespace default, and a token of it."""

    def make(name: str, *audiences: str) -> str:
        account = {"metadata": {"name": name, "namespace": "default"}}
        path = "/api/v1/namespaces/default/serviceaccounts"
        ask(apiserver, path, account)
        body = {"spec": {"audiences": list(audiences), "expirationSeconds": 600}}
        return str(ask(apiserver, f"{path}/{name}/token", body)["status"]["token"])

    return make


def ask(apiserver: beds.RunningServer, path: str, body: dict[str, Any]) -> Any:
    """A POST of the administrator; 409 is no error."""

    async def request() -> Any:
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                apiserver.url + path, json=body, ssl=apiserver.server.base.admin_tls
            ) as response,
        ):
            assert response.status < 300 or response.status == 409
            return await response.json()

    return apiserver.run(request())


def kubernetes(place: Place, apiserver: beds.RunningServer, token: Tokens) -> dict[str, str]:
    """The variables of setup.sh for the login by TokenReview."""
    rbac = "rbac.authorization.k8s.io"
    ask(
        apiserver,
        f"/apis/{rbac}/v1/clusterrolebindings",
        {
            "metadata": {"name": "reviewer-of-vault"},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "system:auth-delegator"},
            "subjects": [{"kind": "ServiceAccount", "name": "reviewer", "namespace": "default"}],
        },
    )
    return {
        "LOGIN": "kubernetes",
        "KUBERNETES_HOST": apiserver.url,
        "KUBERNETES_CA": str(place.file("ca.crt", apiserver.server.base.authority.pem)),
        "REVIEWER": str(place.file("reviewer", token("reviewer"))),
    }


def jwt(place: Place, apiserver: beds.RunningServer, token: Tokens) -> dict[str, str]:
    """The variables of setup.sh for the login by the key that signs tokens."""
    pem = apiserver.server.base.service_account_public_pem
    return {"LOGIN": "jwt", "PUBLIC_KEY": str(place.file("sa.pub", pem))}


LOGINS = {"Kubernetes": kubernetes, "JWT": jwt}


@pytest.mark.parametrize("method", LOGINS)
async def test_the_operator_can_work_with_the_documented_policy(
    place: Place,
    apiserver: beds.RunningServer,
    token: Tokens,
    method: settings.LoginMethod,
) -> None:
    variables = LOGINS[method](place, apiserver, token)
    await place.set_up(**variables)
    await place.set_up(**variables)
    async with opened(place.settings(method, token("operator", "vault"))) as (store, stores):
        assert (await store.state()).kind == "Vault"
        assert await store.write(KEY, DATA, expected=0) == 1
        assert await store.write(KEY, DATA, expected=1) == 2
        assert (await store.read_version(KEY, 1)).data == DATA
        await store.destroy(KEY, [1])
        assert (await store.metadata(KEY)).versions == {1: "destroyed", 2: "live"}
        assert await store.names(api.RECORDS) == (KEY.name,)
        assert stores.logins == 1
        accessors = await place.admin("LIST", "auth/token/accessors")
    left = await place.admin("LIST", "auth/token/accessors")
    ended = set(accessors["data"]["keys"]) - set(left["data"]["keys"])
    assert len(ended) == 1, "the token is revoked at the end"
    for stranger in (token("operator", "another"), token("stranger", "vault")):
        async with opened(place.settings(method, stranger)) as (store, _):
            with pytest.raises(errors.UnavailableError) as refused:
                await store.read(KEY)
            assert refused.value.cause is errors.Cause.LOGIN
            assert stranger not in str(refused.value)


DENIED: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "delete the history": ("DELETE", "{MOUNT}/metadata/{PREFIX}/clusters/a", None),
    "change metadata": ("POST", "{MOUNT}/metadata/{PREFIX}/clusters/a", {"max_versions": 1}),
    "delete a version": ("DELETE", "{MOUNT}/data/{PREFIX}/clusters/a", None),
    "delete versions": ("POST", "{MOUNT}/delete/{PREFIX}/clusters/a", {"versions": [1]}),
    "restore": ("POST", "{MOUNT}/undelete/{PREFIX}/clusters/a", {"versions": [1]}),
    "read of another folder": ("GET", "{MOUNT}/data/another/a", None),
    "write to another folder": ("POST", "{MOUNT}/data/another/a", {"data": {"a": "1"}}),
    "a folder that begins alike": ("GET", "{MOUNT}/data/{PREFIX}-2/a", None),
    "list of the mount": ("LIST", "{MOUNT}/metadata", None),
    "settings of the mount": ("POST", "{MOUNT}/config", {"cas_required": False}),
    "policy": ("PUT", "sys/policies/acl/{POLICY}", {"policy": ""}),
    "policy read": ("GET", "sys/policies/acl/{POLICY}", None),
    "role": ("POST", "auth/{AUTH_MOUNT}/role/{ROLE}", {"token_policies": "root"}),
    "login": ("POST", "auth/{AUTH_MOUNT}/config", {}),
    "child token": ("POST", "auth/token/create", {}),
    "auth mount": ("POST", "sys/auth/mine", {"type": "userpass"}),
    "mounts": ("GET", "sys/mounts", None),
    "seal": ("PUT", "sys/seal", None),
}  # fmt: skip


async def test_the_policy_allows_nothing_else(
    place: Place, apiserver: beds.RunningServer, token: Tokens
) -> None:
    await place.set_up(**jwt(place, apiserver, token))
    server = place.server
    anybody = Admin(server.url, server.part.tls)
    body = {"role": place.names["ROLE"], "jwt": token("operator", "vault")}
    path = f"auth/{place.names['AUTH_MOUNT']}/login"
    answer = await server.call(anybody.ask("POST", path, body))
    operator = Admin(server.url, server.part.tls, answer["auth"]["client_token"])
    data = "{MOUNT}/data/{PREFIX}/clusters/a".format(**place.names)
    first = {"data": {"a": "1"}, "options": {"cas": 0}}
    await server.call(operator.ask("POST", data, first))
    for attempt, (method, template, content) in DENIED.items():
        with pytest.raises(AnswerError) as refused:
            await server.call(operator.ask(method, template.format(**place.names), content))
        assert refused.value.status == 403, attempt
    with pytest.raises(AnswerError, match="check-and-set parameter required"):
        await server.call(operator.ask("POST", data, {"data": {"a": "2"}}))
    assert answer["auth"]["lease_duration"] == 1200
    assert answer["auth"]["token_policies"] == [place.names["POLICY"]]


async def test_a_login_whose_api_server_is_away_comes_back(
    place: Place, apiserver: beds.RunningServer, token: Tokens
) -> None:
    """Vault cannot tell it from a forged token, so it is never final."""
    variables = kubernetes(place, apiserver, token)
    await place.set_up(**{**variables, "KUBERNETES_HOST": "https://127.0.0.1:1"})
    chosen = place.settings("Kubernetes", token("operator", "vault"))
    now = clock.ManualClock()
    stores = vault.VaultStores(chosen)
    store = stores.of(StoreMeans(now))
    with pytest.raises(errors.UnavailableError) as refused:
        await store.read(KEY)
    assert refused.value.cause is errors.Cause.LOGIN
    await place.set_up(**variables)
    now.advance(60)
    assert await store.write(KEY, DATA, expected=0) == 1
    await stores.close()


async def test_an_approle(place: Place) -> None:
    role = f"auth/{place.names['AUTH_MOUNT']}/role/{place.names['ROLE']}"
    variables = {"LOGIN": "jwt", "AUTH_MOUNT": "unused-" + place.names["AUTH_MOUNT"]}
    code, printed = await place.run("setup.sh", PUBLIC_KEY="/nothing/there", **variables)
    assert code != 0, "a missing key is an error"
    assert "/nothing/there" in printed
    await place.admin("DELETE", f"sys/auth/{variables['AUTH_MOUNT']}")
    await place.admin("POST", f"sys/auth/{place.names['AUTH_MOUNT']}", {"type": "approle"})
    fields = {"token_policies": place.names["POLICY"], "token_ttl": "20m"}
    await place.admin("POST", role, fields)
    role_id = (await place.admin("GET", f"{role}/role-id"))["data"]["role_id"]
    secret_id = (await place.admin("POST", f"{role}/secret-id", {}))["data"]["secret_id"]
    login = settings.Login(
        method="AppRole",
        mount=place.names["AUTH_MOUNT"],
        role_id=role_id,
        secret_id_file=str(place.file("secret-id", secret_id)),
    )
    chosen = structs.replace(place.settings("JWT", ""), login=login)
    async with opened(chosen) as (store, stores):
        await store.write(KEY, DATA, expected=0)
        assert stores.logins == 1
    wrong = structs.replace(login, secret_id_file=str(place.file("wrong", "no-such-secret-id")))
    async with opened(structs.replace(chosen, login=wrong)) as (store, _):
        with pytest.raises(errors.UnavailableError) as refused:
            await store.read(KEY)
        assert refused.value.cause is errors.Cause.LOGIN
        assert "no-such-secret-id" not in str(refused.value)


async def test_tombstones_are_removed_by_hand_only(place: Place) -> None:
    await place.admin(
        "POST", f"sys/mounts/{place.names['MOUNT']}", {"type": "kv", "options": {"version": "2"}}
    )
    folder = f"{place.names['MOUNT']}/data/akoo-core/clusters"
    for name, state in (("akoo-gone", "revoked"), ("akoo-here", "living"), ("akoo-bare", "")):
        body = {"data": {"state": state} if state else {"a": "1"}}
        for _ in range(20):  # a new mount is made in two steps
            with contextlib.suppress(AnswerError):
                await place.admin("POST", f"{folder}/{name}", body)
                break
    mount = place.names["MOUNT"]

    async def left() -> set[str]:
        paths = await place.server.call(place.server.admin.secrets_under(mount))
        return {path.rpartition("/")[2] for path in paths}

    assert await left() == {"akoo-gone", "akoo-here", "akoo-bare"}
    for before, arguments, printed_names in (
        ("2000-01-01", ["--delete"], set()),
        ("2999-01-01", [], {"akoo-gone"}),
        ("2999-01-01", ["--delete"], {"akoo-gone"}),
    ):
        code, printed = await place.run("clean-up.sh", *arguments, BEFORE=before)
        assert code == 0, printed
        assert {name for name in ("akoo-gone", "akoo-here") if f"clusters/{name} (" in printed} == (
            printed_names
        )
    assert await left() == {"akoo-here", "akoo-bare"}
    code, printed = await place.run("clean-up.sh", BEFORE="yesterday")
    assert code == 1
    assert "BEFORE must be a date" in printed
