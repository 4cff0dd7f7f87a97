"""The server, its front, and the ways to log in."""

import asyncio
import json
import pathlib
import ssl
import typing
import urllib.error
import urllib.request

import aiohttp
import pytest
from akoo_testbed import running
from akoo_testbed.openbao import Action, AnswerError, Fault, Front, OpenBaoOptions, When
from akoo_testbed.openbao import pytest as plugin

Json = dict[str, typing.Any]


def get(url: str, ca_file: pathlib.Path, token: str = "") -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers={"X-Vault-Token": token})
    context = ssl.create_default_context(cafile=str(ca_file))
    try:
        with urllib.request.urlopen(request, context=context, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_a_mount_takes_writes_with_check_and_set_only(openbao: plugin.Mounted) -> None:
    run, admin = openbao.server.run, openbao.server.admin
    path = f"{openbao.mount}/data/a"
    first = run(admin.ask("POST", path, {"data": {"x": "1"}, "options": {"cas": 0}}))
    assert first["data"]["version"] == 1
    refused_bodies: list[Json] = [{"data": {}}, {"data": {}, "options": {"cas": 0}}]
    for body in refused_bodies:
        with pytest.raises(AnswerError, match="check-and-set") as refused:
            run(admin.ask("POST", path, body))
        assert refused.value.status == 400
    assert run(admin.secrets_under(openbao.mount)) == ["a"]


def test_each_test_has_a_mount_of_its_own(openbao: plugin.Mounted) -> None:
    assert openbao.server.run(openbao.server.admin.secrets_under(openbao.mount)) == []


def test_a_policy_limits_a_token(openbao: plugin.Mounted) -> None:
    run, admin = openbao.server.run, openbao.server.admin
    run(admin.write_policy("reader", {f"{openbao.mount}/data/a": ["read"]}))
    token = run(admin.create_token("reader", ttl="5m"))
    url = f"{openbao.server.url}/v1/{openbao.mount}/data"
    assert get(f"{url}/a", openbao.server.ca_file, token)[0] == 404
    assert get(f"{url}/b", openbao.server.ca_file, token)[0] == 403
    run(admin.revoke_token(token))
    assert get(f"{url}/a", openbao.server.ca_file, token)[0] == 403


def test_its_token_is_in_no_file(openbao: plugin.Mounted) -> None:
    part = openbao.server.part
    assert not list(part.base.folder.rglob(".vault-token"))
    assert part.admin.token not in part.new_log()


def test_it_is_ready_soon(openbao: plugin.Mounted) -> None:
    assert openbao.server.part.ready_after is not None
    assert openbao.server.part.ready_after < 10  # 0.4 s on a quiet machine


@pytest.fixture(scope="module")
def own() -> typing.Iterator[plugin.RunningOpenBao]:
    """A server that tests may seal, hang and kill."""
    with plugin.running() as server:
        yield server


@pytest.mark.bed
def test_a_sealed_server_says_503_until_it_is_unsealed(own: plugin.RunningOpenBao) -> None:
    own.run(own.admin.seal())
    with pytest.raises(AnswerError) as refused:
        own.run(own.admin.ask("GET", "sys/mounts"))
    assert refused.value.status == 503
    own.run(own.part.unseal())
    assert own.run(own.admin.ask("GET", "sys/mounts"))


@pytest.mark.bed
def test_a_server_that_hangs_answers_nothing_until_it_goes_on(own: plugin.RunningOpenBao) -> None:
    own.run(own.part.hang())
    context = ssl.create_default_context(cafile=str(own.ca_file))
    try:
        with pytest.raises((TimeoutError, urllib.error.URLError)):
            urllib.request.urlopen(f"{own.url}/v1/sys/health", context=context, timeout=0.3)
    finally:
        own.part.go_on()
    assert get(f"{own.url}/v1/sys/health", own.ca_file)[0] == 200


@pytest.mark.bed
def test_a_restart_makes_a_server_in_memory_empty(own: plugin.RunningOpenBao) -> None:
    mount, token = own.run(own.admin.mount_kv()), own.admin.token
    own.run(own.restart())
    assert own.admin.token != token
    assert f"{mount}/" not in own.run(own.admin.ask("GET", "sys/mounts"))["data"]


@pytest.mark.bed
def test_a_persistent_server_survives_a_kill_and_unseals_itself() -> None:
    with plugin.running(OpenBaoOptions(persistent=True)) as server:
        mount, token = server.run(server.admin.mount_kv()), server.admin.token
        server.run(server.restart())
        assert server.admin.token == token
        assert f"{mount}/" in server.run(server.admin.ask("GET", "sys/mounts"))["data"]
        server.run(server.admin.seal())
        server.run(server.part.unseal())
        assert server.run(server.admin.ask("GET", "sys/mounts"))


# The front.


async def read(front_url: str, ca_file: pathlib.Path) -> tuple[int, str]:
    context = ssl.create_default_context(cafile=str(ca_file))
    timeout = aiohttp.ClientTimeout(total=5)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(f"{front_url}/v1/sys/health", ssl=context, allow_redirects=False) as response,
    ):
        return response.status, await response.text()


async def test_a_front_passes_requests_unchanged(openbao: plugin.Mounted) -> None:
    with openbao.server.front() as front:
        status, text = await read(front.url, openbao.server.ca_file)
        assert status == 200
        assert json.loads(text)["sealed"] is False
        assert front.calls == [("GET", "/v1/sys/health")]


async def test_a_status_comes_instead_of_an_answer(openbao: plugin.Mounted) -> None:
    with openbao.server.front() as front:
        there = {"Location": "https://127.0.0.1:1/"}
        number = front.inject(Fault(action=Action.STATUS, status=307, headers=there, count=1))
        assert (await read(front.url, openbao.server.ca_file))[0] == 307
        assert (await read(front.url, openbao.server.ca_file))[0] == 200
        assert front.applied(number) == 1


@pytest.mark.parametrize("when", list(When))
def test_a_cut_before_has_no_effect_and_one_after_has(openbao: plugin.Mounted, when: When) -> None:
    run, admin = openbao.server.run, openbao.server.admin
    with openbao.server.front() as front:
        front.inject(Fault(action=Action.CUT, when=when, method="POST", path="/data/"))
        through = type(admin)(front.url, openbao.server.part.tls, admin.token)
        body = {"data": {}, "options": {"cas": 0}}
        with pytest.raises(aiohttp.ClientError):
            run(through.ask("POST", f"{openbao.mount}/data/a", body))
    assert run(admin.secrets_under(openbao.mount)) == (["a"] if when is When.AFTER else [])


async def test_half_an_answer_is_an_error_of_the_client(openbao: plugin.Mounted) -> None:
    with openbao.server.front() as front:
        front.inject(Fault(action=Action.TRUNCATE))
        with pytest.raises(aiohttp.ClientPayloadError):
            await read(front.url, openbao.server.ca_file)


@pytest.mark.parametrize("when", list(When))
async def test_a_held_request_goes_on_when_it_is_released(
    openbao: plugin.Mounted, when: When
) -> None:
    with openbao.server.front() as front:
        number = front.inject(Fault(action=Action.HOLD, when=when))
        held = asyncio.create_task(read(front.url, openbao.server.ca_file))
        await openbao.server.call(front.happened(number))
        assert not held.done()
        await openbao.server.call(release(front, number))
        assert (await held)[0] == 200


@pytest.mark.parametrize("when", list(When))
async def test_a_held_request_of_a_client_that_died(openbao: plugin.Mounted, when: When) -> None:
    call, admin = openbao.server.call, openbao.server.admin
    path = f"{openbao.mount}/data/a"
    await call(admin.ask("POST", path, {"data": {"b": "c"}, "options": {"cas": 0}}))
    with openbao.server.front() as front:
        number = front.inject(Fault(action=Action.HOLD, when=when, method="DELETE"))
        through = type(admin)(front.url, openbao.server.part.tls, admin.token)
        held = asyncio.create_task(call(through.ask("DELETE", path)))
        await call(front.happened(number))
        held.cancel()
        with pytest.raises(asyncio.CancelledError):
            await held
        await call(front.deserted(number))
        await call(release(front, number))
    versions = (await call(admin.ask("GET", f"{openbao.mount}/metadata/a")))["data"]["versions"]
    assert bool(versions["1"]["deletion_time"]) == (when is When.AFTER)


async def release(front: Front, number: int) -> None:
    """On the loop of the front."""
    front.release(number)


def test_closing_a_front_ends_what_is_held(openbao: plugin.Mounted) -> None:
    context = ssl.create_default_context(cafile=str(openbao.server.ca_file))
    with openbao.server.front() as front:
        front.inject(Fault(action=Action.HOLD))
        with pytest.raises(OSError, match="timed out"):
            urllib.request.urlopen(f"{front.url}/v1/sys/health", context=context, timeout=0.2)


# Logins with the token of a ServiceAccount of a real API server.


@pytest.fixture
def token(apiserver: running.RunningServer) -> typing.Callable[..., str]:
    """Makes a ServiceAccount in namespace default, and a token of it."""

    def make(name: str, *audiences: str) -> str:
        account = {"metadata": {"name": name, "namespace": "default"}}
        path = "/api/v1/namespaces/default/serviceaccounts"
        ask(apiserver, "POST", path, account, conflict=True)
        body = {"spec": {"audiences": list(audiences), "expirationSeconds": 600}}
        return str(ask(apiserver, "POST", f"{path}/{name}/token", body)["status"]["token"])

    return make


def ask(
    apiserver: running.RunningServer, method: str, path: str, body: Json, *, conflict: bool = False
) -> Json:
    """A request of the administrator; with `conflict`, a 409 is no error."""

    async def request() -> Json:
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method, apiserver.url + path, json=body, ssl=apiserver.server.base.admin_tls
            ) as response,
        ):
            answer: Json = await response.json()
            assert response.status < 300 or (conflict and response.status == 409), answer
            return answer

    return apiserver.run(request())


def grant_review(apiserver: running.RunningServer, name: str) -> None:
    rbac = "rbac.authorization.k8s.io"
    body = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "system:auth-delegator"},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "default"}],
    }
    ask(apiserver, "POST", f"/apis/{rbac}/v1/clusterrolebindings", body, conflict=True)


def test_a_service_account_logs_in_by_token_review(
    openbao: plugin.Mounted, apiserver: running.RunningServer, token: typing.Callable[..., str]
) -> None:
    run, admin = openbao.server.run, openbao.server.admin
    mount = run(admin.enable("kubernetes"))
    reviewer = token("reviewer")
    grant_review(apiserver, "reviewer")
    ca_pem = apiserver.server.base.authority.pem
    run(admin.trust_cluster(mount, apiserver.url, ca_pem, reviewer))
    fields: Json = {
        "bound_service_account_names": ["operator"],
        "bound_service_account_namespaces": ["default"],
        "audience": "openbao",
        "token_policies": ["default"],
        "token_ttl": "20m",
    }
    run(admin.write_role(mount, "akoo", **fields))

    def login(jwt: str) -> Json:
        anybody = type(admin)(openbao.server.url, openbao.server.part.tls)
        return run(anybody.ask("POST", f"auth/{mount}/login", {"role": "akoo", "jwt": jwt}))

    assert login(token("operator", "openbao"))["auth"]["client_token"]
    for refused in (token("operator", "other"), token("stranger", "openbao")):
        with pytest.raises(AnswerError) as error:
            login(refused)
        assert error.value.status in {400, 403}


def test_a_service_account_logs_in_by_the_key_that_signs_its_tokens(
    openbao: plugin.Mounted, apiserver: running.RunningServer, token: typing.Callable[..., str]
) -> None:
    run, admin = openbao.server.run, openbao.server.admin
    mount = run(admin.enable("jwt"))
    run(admin.trust_key(mount, apiserver.server.base.service_account_public_pem))
    fields: Json = {
        "role_type": "jwt",
        "user_claim": "sub",
        "bound_audiences": ["openbao"],
        "bound_subject": "system:serviceaccount:default:operator",
        "token_policies": ["default"],
    }
    run(admin.write_role(mount, "akoo", **fields))
    anybody = type(admin)(openbao.server.url, openbao.server.part.tls)
    body = {"role": "akoo", "jwt": token("operator", "openbao")}
    assert run(anybody.ask("POST", f"auth/{mount}/login", body))["auth"]["client_token"]
    wrong = {"role": "akoo", "jwt": token("stranger", "openbao")}
    with pytest.raises(AnswerError, match="400"):
        run(anybody.ask("POST", f"auth/{mount}/login", wrong))
