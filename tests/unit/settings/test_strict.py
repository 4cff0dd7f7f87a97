from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import structs
from akoo_core.settings import Reference, SecretRef, decode, strict


class Inner(structs.StrictStruct, frozen=True, kw_only=True):
    port: int = 1
    server_names: tuple[str, ...] = ()


class Outer(structs.StrictStruct, frozen=True, kw_only=True):
    inner: Inner = Inner()
    maybe: Inner | None = None
    many: tuple[Inner, ...] = ()
    named: dict[str, Inner] = {}
    free: dict[str, Any] = {}
    password: SecretRef | None = None
    token_secret: Reference = ""
    tokens: tuple[Reference, ...] = ()
    api_key: str | None = None
    require_token: bool = False


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"iner": {}}, 'x.iner: no such key; did you mean "inner"?'),
        ({"inner": {"prt": 1}}, 'x.inner.prt: no such key; did you mean "port"?'),
        ({"maybe": {"zzz": 1}}, "x.maybe.zzz: no such key; there are: port, serverNames"),
        ({"many": [{}, {"prt": 1}]}, 'x.many[1].prt: no such key; did you mean "port"?'),
        ({"named": {"a": {"prt": 1}}}, 'x.named.a.prt: no such key; did you mean "port"?'),
        ({"inner": {"server_names": []}}, 'server_names: no such key; did you mean "serverNames"?'),
        ({"inner": {"port": "1"}}, "x.inner.port: must be a whole number, not text"),
        ({"inner": 3}, "x.inner: must be a mapping (key: value), not a whole number"),
        ({"free": {3: 4}}, "x.free.3: keys must be text"),
        (3, "x: must be a mapping (key: value), not a whole number"),
    ],
)
def test_what_is_wrong_is_said_with_its_path(value: object, message: str) -> None:
    with pytest.raises(structs.DecodeError) as caught:
        decode(value, Outer, path="x")
    assert message in str(caught.value)


def test_a_key_without_a_value_is_left_out() -> None:
    assert decode({"inner": None, "many": [{"port": None}]}, Outer, path="") == Outer(
        many=(Inner(),)
    )


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"password": "c4nary"}, "x.password"),
        ({"apiKey": "c4nary"}, "x.apiKey"),
        ({"free": {"a": [{"vaultToken": "c4nary"}]}}, "x.free.a[0].vaultToken"),
        ({"free": {"PASSWORDS": ["", "c4nary"]}}, "x.free.PASSWORDS"),
        ({"free": {"client_secret": 12345}}, "x.free.client_secret"),
    ],
)
def test_a_secret_given_as_a_value_is_refused_and_never_quoted(value: object, path: str) -> None:
    with pytest.raises(structs.DecodeError) as caught:
        decode(value, Outer, path="x")
    assert caught.value.path == path
    assert "a secret does not belong here" in str(caught.value)
    assert "c4nary" not in str(caught.value)
    assert "12345" not in str(caught.value)


def test_the_message_says_how_to_refer() -> None:
    with pytest.raises(
        structs.DecodeError, match=r"by \{namespace: \.\.\., name: \.\.\., key: \.\.\.\}"
    ):
        decode({"password": "c4nary"}, Outer, path="x")


def test_references_switches_and_names_of_secrets_are_no_secrets() -> None:
    value = {
        "password": {"namespace": "a", "name": "b", "key": "c"},
        "tokenSecret": "avi-system/token",
        "tokens": ["a/b"],
        "requireToken": True,
        "free": {"allowedSecretNamespaces": ["a"], "passwordLength": 12, "token": "", "secret": {}},
    }
    decoded = decode(value, Outer, path="x")
    assert decoded.password == SecretRef(namespace="a", name="b", key="c")
    assert decoded.token_secret == "avi-system/token"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda below: (
            st.lists(below, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [field.key for field in structs.fields(Outer)] + ["port", "pasword"]
                ),
                below,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_whatever_comes_is_decoded_or_refused_with_a_path_below_ours(value: Any) -> None:
    try:
        decoded = decode(value, Outer, path="spec.plugins.ako")
    except structs.DecodeError as error:
        path = error.path
    else:
        path = "spec.plugins.ako"
        assert decode(structs.to_plain(decoded), Outer, path="") == decoded
    assert path.startswith("spec.plugins.ako")


def test_unknown_says_when_there_is_nothing_to_know() -> None:
    assert strict.unknown("a", ()) == "no such key"
