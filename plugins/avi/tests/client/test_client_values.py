"""The small pure parts: addresses, versions, paths, refusals, what is sent again, credentials."""

from __future__ import annotations

import pytest
from akoo_avi.client import Credential, UnreachableError, address, calls, refusals, retry, versions
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("avi.example.com", "https://avi.example.com"),
        (" avi.example.com ", "https://avi.example.com"),
        ("avi.example.com:443", "https://avi.example.com"),
        ("avi.example.com:80", "https://avi.example.com:80"),
        ("10.0.0.1:9443", "https://10.0.0.1:9443"),
        ("2001:db8::1", "https://[2001:db8::1]"),
        ("[2001:db8::1]", "https://[2001:db8::1]"),
        ("[2001:db8::1]:9443", "https://[2001:db8::1]:9443"),
    ],
)
def test_addresses(text: str, url: str) -> None:
    assert address.url(text) == url


@pytest.mark.parametrize(
    "text",
    ["", "https://avi", "avi/x", "user@avi", "avi:0", "avi:65536", "avi:x", "-avi", "a b", "a?b",
     "a#b", "[avi]", "[::1", "avi:1:2", "a\nb", "fe80::1%eth0"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UnreachableError, match="is no address"):
        address.url(text)


@given(st.text())
def test_an_address_gives_nothing_but_a_host_and_a_port(text: str) -> None:
    try:
        url = address.url(text)
    except UnreachableError:
        return
    assert url.startswith("https://")
    assert not set(url.removeprefix("https://")) & set("/@?# \n\t\\")


@pytest.mark.parametrize(
    ("controller", "asked"),
    [
        ("30.2.2", "30.2.2"),
        ("30.2.2-9046", "30.2.2"),
        ("22.1.7", "22.1.7"),
        ("31.2.2", "31.2.2"),
        ("31.2.10", "31.2.2"),
        ("32.1.4", "31.2.2"),
        ("9.9.9", "9.9.9"),
        ("22.1", "22.1.0"),
        ("", "22.1.3"),
        ("unknown", "22.1.3"),
    ],
)
def test_the_version_that_is_asked_for(controller: str, asked: str) -> None:
    assert versions.requested(controller) == asked


@pytest.mark.parametrize(
    ("method", "path", "operation", "writes"),
    [
        ("GET", "pool", "GET pool", False),
        ("GET", "pool/pool-1", "GET pool", False),
        ("DELETE", "virtualservice/virtualservice-1", "DELETE virtualservice", True),
        ("GET", "cluster/runtime", "GET cluster/runtime", False),
        ("GET", "virtualservice/vs-1/runtime", "GET virtualservice/runtime", False),
        ("GET", "licensing/ledger/details", "GET licensing/ledger/details", False),
        ("POST", "login", "POST login", False),
        ("POST", "logout", "POST logout", False),
        ("POST", "user", "POST user", True),
    ],
)
def test_operations_name_no_objects(method: str, path: str, operation: str, writes: bool) -> None:
    call = calls.AviCall(method=method, path=path, tenant="admin")
    assert (call.operation, call.writes) == (operation, writes)


@pytest.mark.parametrize(
    "path", ["", "/pool", "pool/", "pool//x", "pool/../user", "pool?name=x", "pool/a#b", "pool/%2e"]
)
def test_paths_that_would_be_others_on_the_wire(path: str) -> None:
    with pytest.raises(ValueError, match="is no path"):
        calls.AviCall(method="GET", path=path, tenant="admin")


def test_a_refused_credential_waits() -> None:
    refused = refusals.Refusals(300)
    key = ("avi", "id")
    assert refused.seconds_left(key, 10.0) == 0
    assert refused.note(key, 10.0) == 300
    assert refused.seconds_left(key, 110.0) == 200
    assert refused.seconds_left(("avi", "other"), 110.0) == 0
    assert refused.seconds_left(key, 310.0) == 0
    refused.accept(key)
    assert refused.seconds_left(key, 11.0) == 0


def test_two_tries_in_an_hour_lock_nobody_out() -> None:
    refused, key, now, tries = refusals.Refusals(300), ("avi", "id"), 0.0, []
    while now < 4 * 3600:
        if refused.seconds_left(key, now) == 0.0:
            tries.append(now)
            refused.note(key, now)
        now += 60.0
    assert all(sum(start <= attempt < start + 3600 for attempt in tries) <= 2 for start in tries)
    assert len(tries) == 5
    refused.accept(key)
    assert refused.note(key, now) == 300


def test_refusals_are_bounded() -> None:
    refused = refusals.Refusals(300)
    for number in range(refusals.CAPACITY + 1):
        refused.note(("avi", str(number)), 0.0)
    assert refused.seconds_left(("avi", "0"), 1.0) == 0
    assert refused.seconds_left(("avi", "1"), 1.0) == 299


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("seconds", [0.0, 5.0])
def test_only_a_get_is_sent_again(method: str, sent: bool, before: int, seconds: float) -> None:
    call = calls.AviCall(method=method, path="pool", tenant="admin")
    lost = calls.LostError("cut", sent=sent)
    again = retry.after_loss(call, lost, before=before, seconds=seconds)
    assert again == (method == "GET" and sent and before == 0 and seconds > 0)


def test_a_credential_shows_nothing_and_compares_by_value() -> None:
    credential = Credential("akoo", "Canary-1-password", "ca", source="Secret a/b")
    assert "Canary" not in repr(credential)
    assert "Canary" not in credential.id + credential.login_id
    assert credential == Credential(b"akoo", b"Canary-1-password", b"ca", source="Secret c/d")
    assert credential.id == Credential("akoo", "Canary-1-password", "ca").id
    other_ca = Credential("akoo", "Canary-1-password", "other")
    assert (credential.login_id == other_ca.login_id, credential.id == other_ca.id) == (True, False)
    assert Credential("ab", "c").id != Credential("a", "bc").id


@pytest.mark.parametrize(
    ("user", "password", "problem"),
    [("", "x", "username is empty"), ("x", "", "password is empty"), ("x", b"\xffC", "not UTF-8")],
)
def test_what_is_no_credential(user: str, password: str | bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        Credential(user, password)
    assert caught.value.__cause__ is None
