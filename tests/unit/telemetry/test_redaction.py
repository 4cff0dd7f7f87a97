"""No secret leaves as text: known values in any of their forms, and what looks like one."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.telemetry import looks, redaction
from tests import cpu

SECRETS = st.text(min_size=redaction.MIN_LENGTH, max_size=30).filter(
    lambda text: len(text.strip()) >= redaction.MIN_LENGTH and text.strip() not in redaction.MASK
)


@given(SECRETS, st.text(max_size=30), st.text(max_size=30))
def test_a_registered_value_is_masked_wherever_it_stands(
    secret: str, before: str, after: str
) -> None:
    redactor = redaction.Redactor()
    redactor.register(secret)
    masked = redactor.redact(before + secret.strip() + after)
    assert redaction.MASK in masked
    # What is around a mask could by chance be put together to the value again.
    assert all(secret.strip() not in part for part in masked.split(redaction.MASK))


@given(SECRETS)
def test_its_usual_encodings_too(secret: str) -> None:
    redactor = redaction.Redactor()
    redactor.register(secret.encode("utf-8", "surrogatepass") if secret.isascii() else secret)
    value = secret.strip()
    for form in (
        json.dumps({"x": value}),
        urllib.parse.quote(value, safe=""),
        base64.b64encode(value.encode()).decode(),
    ):
        assert redaction.MASK in redactor.redact(form)


def test_two_values_of_which_one_begins_the_other() -> None:
    redactor = redaction.Redactor()
    redactor.register("hunter2")
    redactor.register("hunter2hunter")
    assert redactor.redact("a hunter2hunter b hunter2 c") == "a [redacted] b [redacted] c"


def test_short_values_are_not_masked() -> None:
    redactor = redaction.Redactor()
    redactor.register("on")
    redactor.register("")
    assert redactor.redact("a condition") == "a condition"


def test_only_so_many_values_are_remembered_and_those_in_use_longest() -> None:
    redactor = redaction.Redactor(capacity=3)
    for value in ("value-0", "value-1", "value-2", "value-0", "value-3"):
        redactor.register(value)
    text = "value-0 value-1 value-2 value-3"
    assert redactor.redact(text) == "[redacted] value-1 [redacted] [redacted]"


def test_what_is_kept_is_never_forgotten() -> None:
    redactor = redaction.Redactor(capacity=1)
    redactor.register("value-0")
    redactor.register("value-0", keep=True)
    for number in range(1, 4):
        redactor.register("value-0")
        redactor.register(f"value-{number}")
    assert redactor.redact("value-0 value-2 value-3") == "[redacted] value-2 [redacted]"


def test_a_form_is_masked_as_long_as_any_value_has_it() -> None:
    redactor = redaction.Redactor(capacity=2)
    encoded = base64.b64encode(b"hunter2").decode().rstrip("=")
    redactor.register("hunter2")
    redactor.register(encoded)
    redactor.register("value-1")
    assert redactor.redact(f"hunter2 {encoded}") == "hunter2 [redacted]"
    redactor.register("value-2")
    assert redactor.redact(encoded) == encoded


@given(st.lists(st.text("abc/+ ", min_size=4, max_size=9), max_size=12), st.integers(1, 4))
def test_nothing_is_left_of_what_was_forgotten(values: list[str], capacity: int) -> None:
    redactor, fresh = redaction.Redactor(capacity), redaction.Redactor()
    for value in values:
        redactor.register(value)
    known = [value.strip() for value in values if len(value.strip()) >= redaction.MIN_LENGTH]
    last = list(dict.fromkeys(reversed(known)))[:capacity]
    for value in last:
        fresh.register(value)
    assert _sets(redactor) == _sets(fresh)


def _sets(redactor: redaction.Redactor) -> dict[str, set[str]]:
    return {prefix: set(forms) for prefix, forms in redactor._by_prefix.items()}


def test_files_are_not_remembered() -> None:
    redactor = redaction.Redactor()
    redactor.register("x" * (redaction.MAX_LENGTH + 1))
    assert redactor._by_prefix == {}


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2\nhunter2\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nhunter2 cut off",
        "Authorization: Bearer hunter2hunter2",
        "authorization: basic aHVudGVyMjpodW50ZXIy-hunter2",
        "jwt eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.hunter2",
        "vault hvs.CAESIhunter2hunter2hunter2",
        "https://admin:hunter2@avi.example.com/api",
        "GET /login?user=a&password=hunter2&x=1",
        "token=hunter2, next",
        '{"username": "a", "password": "hunter2"}',
        "{'api_key': 'hunter2'}",
        "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0thunter2",
    ],
)
def test_what_looks_like_a_credential(text: str) -> None:
    masked = redaction.Redactor().redact(text)
    assert "hunter2" not in masked
    assert redaction.MASK in masked


@pytest.mark.parametrize(
    "text",
    [
        'get secrets team-a/shop-kubeconfig: secrets "shop-kubeconfig" not found',
        "Check Secret avi-system/avi-controller-credentials; tried again every 5 min",
        'avi.example.com refused user "akoo"',
        "the token is not accepted: expired",
        "https://avi.example.com:443/api/pool?name=a",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736",
    ],
)
def test_ordinary_messages_stay_readable(text: str) -> None:
    assert redaction.Redactor().redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "x-eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.hunter2",
        "eyJa.x eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.hunter2",
        '{"password": "a\\"hunter2"}',
        '{"password": "hunter2',
        "{'token': 'a\\'hunter2'}",
        "1http://a:hunter2@b",
        "https://a:b:hunter2@c",
        "-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END CERTIFICATE-----\nhunter2",
    ],
)
def test_what_looks_like_a_credential_in_odd_places(text: str) -> None:
    assert "hunter2" not in looks.masked(text)


UNITS = [
    *("a", "A ", "-", " ", "\n", '"', "\\", ".", ":", "://", "a://", "a://b:", "a://b:c", "://a:"),
    *("eyJ", "-eyJ", ".eyJ", "eyJ.", "eyJaaaaaaaa.", "-eyJaaaaaaaa.aaaaaaaa", "eyJaaaaaaaa.eyJ"),
    *("hvs.", "hvs.a", "Bearer ", "Bearer\t", "basic a", "password", "password=", "token=&"),
    *("-----BEGIN ", "-----BEGIN PRIVATE KEY", "-----BEGIN PRIVATE KEY-----", "PRIVATE KEY"),
    *("-----BEGIN PRIVATE KEY-----x-----END ", "-----END PRIVATE KEY", "LS0tLS1CRUdJTi"),
    *('"token":', '"token":"', '"token" : "\\"', "'token':'", "'token'  ", '"token":"\\'),
    *("-LS0tLS1CRUdJTi", "LS0tLS1CRUdJTi-"),
]


@pytest.mark.parametrize("unit", UNITS)
def test_the_time_grows_with_the_text(unit: str) -> None:
    """Ten times the text would take a quadratic pattern 100 times as long."""

    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        return cpu.cpu_seconds(lambda: looks.masked(text))

    assert seconds(40_000) < 30 * max(seconds(4_000), 0.001)


@given(st.lists(st.text("ab", min_size=6, max_size=12), max_size=20), st.text("abc", max_size=40))
def test_the_longest_known_value_is_masked(values: list[str], text: str) -> None:
    redactor = redaction.Redactor()
    for value in values:
        redactor.register(value)
    expected, position = "", 0
    while position < len(text):
        here = [value for value in values if text.startswith(value, position)]
        expected += redaction.MASK if here else text[position]
        position += max(map(len, here)) if here else 1
    assert redactor.redact(text) == expected


def test_many_values_that_begin_alike_cost_little() -> None:
    redactor = redaction.Redactor()
    for number in range(1000):
        redactor.register(f"eyJhbGciOiJSUzI1NiIsImtpZCI6I{number:06}")
    text = "eyJh" * 4_000
    assert redactor.redact(text) == text
    seconds = cpu.cpu_seconds(lambda: redactor.redact(text))
    assert seconds < 5.0, "each value at each place would take a minute"


def test_values_that_no_encoding_takes() -> None:
    redactor = redaction.Redactor()
    redactor.register("hunter2-\udce9")
    assert redactor.redact(redaction.printable("a hunter2-\udce9 b")) == "a [redacted] b"
