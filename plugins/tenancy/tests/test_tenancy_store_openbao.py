"""The store on a real OpenBao: what goes wrong with a server, and secrets that must not be seen."""

from __future__ import annotations

import base64
import contextlib
import logging
import pathlib
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from urllib import parse

import pytest
import requests
from akoo_tenancy.spec import settings
from akoo_tenancy.store import api, errors, vault
from akoo_tenancy.testing.store import StoreMeans
from akoo_testbed.openbao import Action, Fault, Front, When
from akoo_testbed.openbao.pytest import Mounted, running

from akoo_core.plugin import clock, structs
from akoo_core.testing import recorded

KEY = api.record_key("akoo-0f3b2c1d4e5a")
PASSWORD = "Kq7-canary-of-a-password_42.x"
DATA = {"active": {"seq": 1, "password": PASSWORD}}


@pytest.fixture
def token_file(openbao: Mounted, tmp_path: pathlib.Path) -> pathlib.Path:
    return written(tmp_path / "token", openbao.server.admin.token)


def written(file: pathlib.Path, text: str) -> pathlib.Path:
    file.write_text(text)
    return file


@pytest.fixture
def chosen(openbao: Mounted, token_file: pathlib.Path) -> settings.Vault:
    return settings.Vault(
        address=openbao.server.url,
        ca_file=str(openbao.server.ca_file),
        mount=openbao.mount,
        login=settings.Login(method="TokenFile", token_file=str(token_file)),
    )


LATER = 60.0
"""Seconds after which everything is tried again."""


@contextlib.asynccontextmanager
async def opened(
    chosen: settings.Vault, now: clock.Clock | None = None
) -> AsyncIterator[api.Store]:
    stores = vault.VaultStores(chosen)
    try:
        yield stores.of(StoreMeans(now or clock.ManualClock()))
    finally:
        await stores.close()


@pytest.fixture
def front(openbao: Mounted) -> Iterator[Front]:
    with openbao.server.front() as made:
        yield made


def through(front: Front, chosen: settings.Vault) -> settings.Vault:
    return structs.replace(chosen, address=front.url)


HTML = "<html><body>Sign in to the network</body></html>"
PROXY = {
    "page": Fault(action=Action.STATUS, status=200, body=HTML, content_type="text/html"),
    "list": Fault(action=Action.STATUS, status=200, body="[]"),
    "not found": Fault(action=Action.STATUS, status=404, body=HTML, content_type="text/html"),
    "forbidden": Fault(action=Action.STATUS, status=403, body=HTML, content_type="text/html"),
    "moved": Fault(
        action=Action.STATUS, status=302, body="", headers={"Location": "https://sso.example/x"}
    ),
}


@pytest.mark.parametrize("fault", PROXY.values(), ids=PROXY)
async def test_a_proxy_is_no_vault(front: Front, chosen: settings.Vault, fault: Fault) -> None:
    now = clock.ManualClock()
    async with opened(through(front, chosen), now) as store:
        number = front.inject(fault)
        with pytest.raises(errors.MisconfiguredError, match=r"plugins\.tenancy\.vault\.address"):
            await store.read(KEY)
        front.release(number)
        now.advance(LATER)
        with pytest.raises(errors.AbsentError):
            await store.read(KEY)


BUSY = {
    "sealed": (503, '{"errors":["Vault is sealed"]}', errors.Cause.SEALED),
    "locked": (503, '{"errors":["API access to this namespace has been locked by an admin"]}',
               errors.Cause.LOCKED),
    "page of a proxy": (503, HTML, errors.Cause.FAILING),
    "bad gateway": (502, HTML, errors.Cause.FAILING),
    "late gateway": (504, HTML, errors.Cause.FAILING),
    "audit": (500, '{"errors":["internal error"]}', errors.Cause.FAILING),
    "behind": (429, '{"errors":[]}', errors.Cause.THROTTLED),
    "behind, of Vault": (412, '{"errors":[]}', errors.Cause.THROTTLED),
    "quota": (429, '{"errors":["rate limit quota exceeded"]}', errors.Cause.THROTTLED),
    "new mount": (400, '{"errors":["Upgrading from non-versioned to versioned data"]}',
                  errors.Cause.FAILING),
    "unknown": (473, '{"errors":[]}', errors.Cause.FAILING),
    "standby": (307, "", errors.Cause.FAILING),
}  # fmt: skip


@pytest.mark.parametrize(("status", "body", "cause"), BUSY.values(), ids=BUSY)
async def test_what_time_mends(
    front: Front, chosen: settings.Vault, status: int, body: str, cause: errors.Cause
) -> None:
    headers = {"Location": f"https://10.0.0.9:8200/v1/{chosen.mount}/data/x"}
    fault = Fault(
        action=Action.STATUS,
        path="/data/",
        count=1,
        status=status,
        body=body,
        headers=headers if status == 307 else {},
    )
    async with opened(through(front, chosen)) as store:
        front.inject(fault)
        with pytest.raises(errors.UnavailableError) as refused:
            await store.write(KEY, DATA, expected=0)
        assert (refused.value.cause, refused.value.reason) == (cause, cause.value)
        unknown = cause is errors.Cause.FAILING and status not in (307, 400)
        assert refused.value.outcome_unknown == unknown
        assert await store.write(KEY, DATA, expected=0) == 1, "one failure opens no circuit"


async def test_a_redirect_carries_no_token(
    front: Front, openbao: Mounted, chosen: settings.Vault
) -> None:
    """A client that follows would give token and password to another host."""
    with openbao.server.front() as other:
        location = f"{other.url}/v1/{chosen.mount}/data/{chosen.prefix}/{KEY}"
        for status in (301, 302, 303, 307, 308):
            fault = Fault(
                action=Action.STATUS,
                path="/data/",
                status=status,
                body="",
                headers={"Location": location},
            )
            number = front.inject(fault)
            async with opened(through(front, chosen)) as store:
                with pytest.raises(errors.StoreError, match="Tokens are not carried there"):
                    await store.write(KEY, DATA, expected=0)
            front.release(number)
        assert other.calls == []


def lost(action: Action, when: When) -> Fault:
    return Fault(action=action, when=when, path="/data/", method="POST", count=1)


LOST = {
    "cut before": (lost(Action.CUT, When.BEFORE), 0),
    "cut after": (lost(Action.CUT, When.AFTER), 1),
    "truncated": (lost(Action.TRUNCATE, When.AFTER), 1),
}


@pytest.mark.parametrize(("fault", "version"), LOST.values(), ids=LOST)
async def test_a_lost_answer(
    front: Front, chosen: settings.Vault, fault: Fault, version: int
) -> None:
    async with opened(through(front, chosen)) as store:
        front.inject(fault)
        with pytest.raises(errors.UnavailableError) as refused:
            await store.write(KEY, DATA, expected=0)
        assert refused.value.cause is errors.Cause.UNREACHABLE
        assert refused.value.outcome_unknown
        if version:
            assert (await store.read(KEY)).version == version
        else:
            with pytest.raises(errors.AbsentError):
                await store.read(KEY)
        writes = [call for call in front.calls if call[0] == "POST" and "/data/" in call[1]]
        assert len(writes) == 1, "it is not sent again"


async def test_content_types_do_not_matter(front: Front, chosen: settings.Vault) -> None:
    """A proxy that appends a charset changes no meaning: hvac alone would drop the errors."""
    body = '{"errors":["check-and-set parameter did not match the current version"]}'
    front.inject(
        Fault(
            action=Action.STATUS,
            path="/data/",
            status=400,
            body=body,
            content_type="text/plain",
        )
    )
    async with opened(through(front, chosen)) as store:
        with pytest.raises(errors.ConflictError):
            await store.write(KEY, DATA, expected=0)


WRONG = {
    "mount": ({"mount": "nothing-there"}, errors.MisconfiguredError, "no mount"),
    "namespace": ({"namespace": "nothing-there"}, errors.MisconfiguredError, "no namespace"),
    "CA": ({"ca_file": "another"}, errors.MisconfiguredError, "not trusted"),
    "CA that is none": ({"ca_file": "none"}, errors.MisconfiguredError, "no certificate"),
    "CA that is away": ({"ca_file": "/nothing/there"}, errors.MisconfiguredError, "cannot be read"),
    "name": ({"address": "https://nothing.invalid:8200"}, errors.UnavailableError, "not resolve"),
    "port": ({"address": "https://127.0.0.1:1"}, errors.UnavailableError, "nobody accepts"),
}


@pytest.mark.parametrize(("changes", "kind", "words"), WRONG.values(), ids=WRONG)
async def test_wrong_settings(
    chosen: settings.Vault,
    tmp_path: pathlib.Path,
    changes: dict[str, str],
    kind: type[errors.StoreError],
    words: str,
) -> None:
    if changes.get("ca_file") == "none":
        (tmp_path / "none").write_text("no PEM")
        changes = {"ca_file": str(tmp_path / "none")}
    if changes.get("ca_file") == "another":
        changes = {"ca_file": ""}
    async with opened(structs.replace(chosen, **changes)) as store:
        with pytest.raises(kind, match=words):
            await store.read(KEY)


async def test_a_new_ca_is_read_without_a_restart(
    openbao: Mounted, chosen: settings.Vault, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "ca.crt"
    file.write_text("no PEM yet")
    now = clock.ManualClock()
    async with opened(structs.replace(chosen, ca_file=str(file)), now) as store:
        with pytest.raises(errors.MisconfiguredError, match=str(file)):
            await store.names(api.RECORDS)
        file.write_bytes(openbao.server.ca_file.read_bytes())
        now.advance(LATER)
        assert await store.names(api.RECORDS) == ()


async def test_a_mount_of_version_one(openbao: Mounted, chosen: settings.Vault) -> None:
    server, admin = openbao.server, openbao.server.admin
    mount = f"{openbao.mount}-one"
    await server.call(admin.ask("POST", f"sys/mounts/{mount}", {"type": "kv"}))
    try:
        async with opened(structs.replace(chosen, mount=mount)) as store:
            with pytest.raises(errors.MisconfiguredError, match="version 1"):
                await store.write(KEY, DATA, expected=0)
            assert await server.call(admin.secrets_under(mount)) == []
            with pytest.raises(errors.MisconfiguredError, match="version 1"):
                await store.state()
    finally:
        await server.call(admin.unmount(mount))


async def test_a_policy_that_is_too_narrow(
    openbao: Mounted, chosen: settings.Vault, token_file: pathlib.Path
) -> None:
    server, admin, mount = openbao.server, openbao.server.admin, openbao.mount
    policy = f"policy-of-{mount}"
    rights: dict[str, list[str]] = {"auth/token/lookup-self": ["read"]}
    await server.call(admin.write_policy(policy, rights))
    written(token_file, await server.call(admin.create_token(policy)))
    async with opened(chosen) as store:
        for path in (f"{mount}/data/akoo-core/{KEY}",):
            with pytest.raises(errors.DeniedError, match=path) as refused:
                await store.read(KEY)
            assert refused.value.path == path
        rights[f"{mount}/data/akoo-core/*"] = ["create", "read", "update"]
        await server.call(admin.write_policy(policy, rights))
        await store.write(KEY, DATA, expected=0)
        with pytest.raises(errors.DeniedError, match=f"{mount}/metadata/akoo-core/{KEY}"):
            await store.metadata(KEY)
        with pytest.raises(errors.DeniedError, match=f"update on {mount}/destroy/akoo-core/{KEY}"):
            await store.destroy(KEY, [1])


async def test_a_token_that_was_revoked(
    openbao: Mounted, chosen: settings.Vault, token_file: pathlib.Path
) -> None:
    server, admin = openbao.server, openbao.server.admin
    first, second = [await server.call(admin.create_token("root")) for _ in range(2)]
    written(token_file, first)
    async with opened(chosen) as store:
        await store.write(KEY, DATA, expected=0)
        written(token_file, second)
        await server.call(admin.revoke_token(first))
        with pytest.raises(errors.DeniedError):
            await store.read(KEY)  # not five seconds after the login, nobody logs in again


POLLUTED = {
    "VAULT_TOKEN": "s.of-the-environment",
    "VAULT_ADDR": "https://127.0.0.1:1",
    "VAULT_CACERT": "/nothing/there",
    "VAULT_NAMESPACE": "another",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "REQUESTS_CA_BUNDLE": "/nothing/there",
}


async def test_the_environment_changes_nothing(
    openbao: Mounted,
    chosen: settings.Vault,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in POLLUTED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NO_PROXY", raising=False)
    (tmp_path / ".vault-token").write_text("s.of-the-home")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login user password of-netrc")
    async with opened(chosen) as store:
        await store.write(KEY, DATA, expected=0)
        assert (await store.read(KEY)).version == 1


async def test_a_call_without_a_token_takes_none_from_elsewhere(
    openbao: Mounted, chosen: settings.Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "s.of-the-environment")
    sent: list[dict[str, str]] = []
    real = requests.Session.request

    def request(self: requests.Session, *arguments: Any, **options: Any) -> requests.Response:
        sent.append(options["headers"])
        return real(self, *arguments, **options)

    monkeypatch.setattr(requests.Session, "request", request)
    async with opened(chosen) as store:
        await store.state()
    tokens = [headers.get("X-Vault-Token") for headers in sent]
    assert tokens[0] is None, "seal-status needs none"
    assert set(tokens[1:]) == {openbao.server.admin.token}


def forms(secret: str) -> set[str]:
    encoded = secret.encode()
    return {
        secret,
        parse.quote_plus(secret),
        base64.b64encode(encoded).decode().rstrip("="),
        base64.urlsafe_b64encode(encoded).decode().rstrip("="),
    }


def deep(error: BaseException) -> Iterator[str]:
    """Everything that a tracker of errors would keep: texts, and all locals of all frames."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield repr(current) + str(vars(current))
        for frame, _ in traceback.walk_tb(current.__traceback__):
            path = frame.f_code.co_filename
            if "site-packages" in path or path.endswith("store/session.py"):
                raise AssertionError(f"an error keeps a frame of {path}, which holds a client")
            if "akoo_tenancy" in path:
                own = {name: value for name, value in frame.f_locals.items() if name != "data"}
                yield repr(own)  # data is the argument of the caller, who has it anyway
        waiting += [current.__cause__, current.__context__]


FAULTS: dict[str, Callable[[], Fault]] = {
    "cut": lambda: Fault(action=Action.CUT, when=When.AFTER),
    "refused as wrong": lambda: Fault(action=Action.STATUS, status=400, body='{"errors":["no"]}'),
    "too large": lambda: Fault(action=Action.STATUS, status=413, body='{"errors":["large"]}'),
    "failing": lambda: Fault(action=Action.STATUS, status=500, body='{"errors":["no"]}'),
    "redirect": lambda: Fault(action=Action.STATUS, status=307, headers={"Location": "https://x/"}),
    "truncated": lambda: Fault(action=Action.TRUNCATE, when=When.AFTER),
}


async def test_no_secret_is_ever_seen(
    front: Front, openbao: Mounted, chosen: settings.Vault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="urllib3")  # whatever its level was
    token = openbao.server.admin.token
    seen: list[str] = []
    with recorded() as recording:
        for make in FAULTS.values():
            async with opened(through(front, chosen)) as store:
                await store.names(api.RECORDS)
                number = front.inject(make())
                for call in (
                    lambda store=store: store.write(KEY, DATA, expected=0),
                    lambda store=store: store.read(KEY),
                ):
                    with pytest.raises(errors.StoreError) as refused:
                        await call()
                    seen += deep(refused.value)
                front.release(number)
        async with opened(through(front, chosen)) as store:
            version = (await store.metadata(KEY)).current
            await store.write(KEY, DATA, expected=version)
            seen.append(repr(await store.read(KEY)))
            seen.append(repr(await store.state()))
    seen += [repr(span) for span in recording.spans]
    seen += [record.getMessage() for record in caplog.records]
    text = "\n".join(seen)
    assert "POST data" in text, "spans are recorded"
    assert "urllib3" in {record.name.partition(".")[0] for record in caplog.records}
    for secret in (PASSWORD, token):
        assert not [form for form in forms(secret) if form in text]


async def test_hung_gone_sealed_and_back(tmp_path: pathlib.Path) -> None:
    """Its own server: nothing is half-made, and the work goes on by itself."""
    with running() as server:
        mount = await server.call(server.admin.mount_kv())
        file = tmp_path / "token"
        file.write_text(server.admin.token)
        chosen = settings.Vault(
            address=server.url,
            ca_file=str(server.ca_file),
            mount=mount,
            login=settings.Login(method="TokenFile", token_file=str(file)),
        )
        now = clock.ManualClock()
        stores = vault.VaultStores(chosen)
        store = stores.of(StoreMeans(now))
        await store.write(KEY, DATA, expected=0)
        await server.call(server.admin.seal())
        for _ in range(5):
            with pytest.raises(errors.UnavailableError) as refused:
                await store.read(KEY)
            assert refused.value.cause is errors.Cause.SEALED
            now.advance(1)
        await server.call(server.part.unseal())
        now.advance(refused.value.retry_seconds)
        assert (await store.read(KEY)).version == 1
        await server.call(server.part.stop())
        with pytest.raises(errors.UnavailableError) as refused:
            await store.read(KEY)
        assert refused.value.cause is errors.Cause.UNREACHABLE
        await stores.close()
