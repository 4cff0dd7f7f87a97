"""Accounts in Secrets: what is read, what is refused, and to whom a credential may be sent."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.plugin import accounts, api
from akoo_core.plugin.errors import BlockedError, SecretMissingError
from akoo_core.testing import World, builders

ADMIN = api.SecretName(namespace="avi", name="admin")
CA = api.SecretName(namespace="avi", name="ca")
ADDRESS = "avi.example.com"
PASSWORD = builders.canary("admin-password")


def read(
    keys: dict[str, str], ca_keys: dict[str, str] | None = None, **options: Any
) -> accounts.StoredAccount:
    """The account of a Secret with these keys."""
    secrets = [builders.secret("avi", "admin", **keys)]
    if ca_keys is not None:
        secrets.append(builders.secret("avi", "ca", **ca_keys))
    world = World(secrets=secrets)
    return world.run(
        accounts.read(world.secret_reader.once(), ADMIN, options.pop("address", ADDRESS), **options)
    )


def good(**more: str) -> dict[str, str]:
    return {"username": "admin", "password": PASSWORD, **more}


def test_an_account_is_read_with_its_name_for_the_memory_of_logins() -> None:
    account = read(good())
    assert (account.username, account.password, account.ca_pem) == ("admin", PASSWORD, "")
    assert (account.named.secret, account.named.address) == ("avi/admin", ADDRESS)
    assert account.named.version
    assert PASSWORD not in repr(account)


@pytest.mark.parametrize(
    ("options", "ca_pem"),
    [({}, ""), ({"ca_beside": True}, "beside"), ({"ca": CA}, "apart")],
)
def test_the_ca_comes_from_the_secret_that_is_named(options: Any, ca_pem: str) -> None:
    keys = good(certificateAuthorityData="beside")
    assert read(keys, {"certificateAuthorityData": "apart"}, **options).ca_pem == ca_pem
    assert (
        read(keys, {"certificateAuthorityData": "apart"}, ca_beside=True, ca=CA).ca_pem == "apart"
    )


def test_a_ca_that_is_named_must_be_there_and_one_beside_need_not() -> None:
    assert read(good(), ca_beside=True).ca_pem == ""
    with pytest.raises(SecretMissingError, match="avi/ca"):
        read(good(), ca=CA)
    with pytest.raises(SecretMissingError, match="certificateAuthorityData"):
        read(good(certificateAuthorityData="x"), {}, ca=CA)


@pytest.mark.parametrize(
    ("keys", "reason", "message"),
    [
        ({"password": PASSWORD}, "SecretMissing", "'username'"),
        ({"username": "admin"}, "SecretMissing", "'password'"),
        ({"username": "", "password": PASSWORD}, "SecretInvalid", "username is empty"),
        ({"username": "admin", "password": ""}, "SecretInvalid", "password is empty"),
        ({"username": "admin", "password": PASSWORD + "\n"}, "CredentialHasLineBreak", "password"),
    ],
)
def test_an_account_that_cannot_be_used(keys: dict[str, str], reason: str, message: str) -> None:
    with pytest.raises(BlockedError, match=message) as refused:
        read(keys)
    assert refused.value.reason == reason
    assert "avi/admin" in str(refused.value)
    assert PASSWORD not in str(refused.value)


def test_a_value_that_is_no_text_is_not_shown() -> None:
    secret = builders.secret("avi", "admin", **good())
    secret["data"]["password"] = "/0M0bmFyeQ=="
    world = World(secrets=[secret])
    with pytest.raises(BlockedError, match="password is not UTF-8") as refused:
        world.run(accounts.read(world.secret_reader.once(), ADMIN, ADDRESS))
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    ("hosts", "address", "sent"),
    [
        ("", ADDRESS, True),
        ("other.example.com, avi.example.com", ADDRESS, True),
        ("other.example.com AVI.example.com.:443", ADDRESS, True),
        ("other.example.com", ADDRESS, False),
        ("avi.example.com:8443", ADDRESS, False),
        ("avi.example.com", "avi.example.com.evil.org", False),
        ("avi.example.com", "https://avi.example.com", False),
        ("not an address/", "not an address/", False),
        ("\xff", ADDRESS, False),
    ],
)
def test_a_credential_goes_only_to_its_hosts(hosts: str, address: str, sent: bool) -> None:
    keys = good(hosts=hosts) if hosts else good()
    if sent:
        assert read(keys, address=address).named.address == address
        return
    with pytest.raises(BlockedError) as refused:
        read(keys, address=address, correct="spec.address of Thing/x")
    assert refused.value.reason == "HostNotAllowed"
    assert "Correct spec.address of Thing/x" in str(refused.value)
    assert PASSWORD not in str(refused.value)


def test_the_hosts_are_asked_before_the_password_is_read() -> None:
    world = World(secrets=[builders.secret("avi", "admin", **good(hosts="other"))])
    reader, keys = world.secret_reader.once(), []

    class Watching:
        async def read(self, source: api.SecretSource) -> bytes | None:
            keys.append(source.key)
            return await reader.read(source)

        async def version(self, namespace: str, name: str, *, of_ancestor: bool = False) -> str:
            return await reader.version(namespace, name)

    with pytest.raises(BlockedError):
        world.run(accounts.read(Watching(), ADMIN, ADDRESS))
    assert keys == ["hosts"]


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("vc.example.com", ("vc.example.com", None)),
        ("VC.Example.com.:8443", ("vc.example.com", 8443)),
        ("10.0.0.1:443", ("10.0.0.1", 443)),
        ("[2001:DB8::1]:444", ("2001:db8::1", 444)),
        ("2001:db8::1", ("2001:db8::1", None)),
        *((text, None) for text in ("", "a b", "a:0", "a:65536", "a/b", "u@h", "https://h", "[h]")),
    ],
)
def test_addresses(text: str, parsed: tuple[str, int | None] | None) -> None:
    assert accounts.parse(text) == parsed


@pytest.mark.parametrize(
    ("allowed", "asked", "same"),
    [
        ("avi.example.com", "AVI.Example.com", True),
        ("AVI.example.com", "avi.example.com.", True),
        ("avi.example.com.", "avi.example.com:443", True),
        ("avi.example.com:443", "avi.example.com", True),
        ("avi.example.com", "avi.example.com:8443", True),
        ("avi.example.com:443", "avi.example.com:8443", False),
        ("avi.example.com:8443", "avi.example.com", False),
        ("avi.example.com:8443", "avi.example.com.:8443", True),
        ("avi.example.com", "xavi.example.com", False),
        ("avi.example.com", "avi.example.com.evil.org", False),
        ("[2001:db8::5]", "[2001:db8::5]:8443", True),
        ("2001:db8::5", "[2001:db8::5]:8443", True),
        ("2001:DB8:0:0:0:0:0:5", "2001:db8::5", True),
        ("[2001:db8::5]:8443", "2001:db8::5", False),
        ("2001:db8::5", "2001:db8::6", False),
        ("10.0.0.5", "[::ffff:10.0.0.5]", True),
        ("10.0.0.5", "10.0.0.5:443", True),
        ("10.0.0.5", "10.0.0.50", False),
        (" avi.example.com ", "avi.example.com", True),
    ],
)
def test_a_host_that_is_allowed_is_known_in_every_spelling(
    allowed: str, asked: str, same: bool
) -> None:
    listed, address_ = accounts.parse(allowed), accounts.parse(asked)
    assert listed is not None
    assert address_ is not None
    assert listed.allows(address_) == same


@given(st.ip_addresses(v=6), st.sampled_from([None, 1, 443, 65535]), st.booleans())
def test_every_spelling_of_an_ipv6_address_is_the_same_place(
    ip: ipaddress.IPv6Address, port: int | None, upper: bool
) -> None:
    long = ip.exploded.upper() if upper else ip.exploded
    texts = [f"[{host}]:{port}" if port else host for host in (str(ip), long, ip.compressed)]
    parsed = {accounts.parse(text) for text in texts}
    assert len(parsed) == 1
    (only,) = parsed
    assert only is not None
    assert only.allows(only)
