"""The meaning of answers: a table of what controllers say, and that nothing can break it."""

from __future__ import annotations

import json

import pytest
from akoo_avi.client import answers, calls, errors
from akoo_testbed.avisim import faults, switches
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.telemetry import redaction

AT = "avi.example.com"
ITEM = "pool/pool-1"
BODY = {"name": "shop-web"}

# fault of the simulator, method, path, error
TABLE = [
    ("denied", "GET", ITEM, errors.ForbiddenError),
    ("denied", "POST", "pool", errors.ForbiddenError),
    ("unknown-tenant", "GET", "pool", errors.TenantMissingError),
    ("referred", "DELETE", ITEM, errors.ReferencedError),
    ("referred-cloud", "DELETE", "cloud/cloud-1", errors.ReferencedError),
    ("upgrade", "PUT", ITEM, errors.UpgradingError),
    ("not-found", "GET", ITEM, errors.NotFoundError),
    ("not-found", "PUT", ITEM, errors.NotFoundError),
    ("not-found", "DELETE", ITEM, errors.NotFoundError),
    ("not-found", "POST", "poolgroup", errors.MissingReferenceError),
    ("not-found", "POST", "pool", errors.MissingReferenceError),
    ("not-found", "PUT", "poolgroup/poolgroup-1", errors.MissingReferenceError),
    ("not-found", "DELETE", "vsvip/vsvip-1", errors.MissingReferenceError),
    ("missing-vrf", "POST", "pool", errors.MissingReferenceError),
    ("unknown-endpoint", "GET", "nonsense", errors.UnknownEndpointError),
    ("unknown-endpoint", "DELETE", ITEM, errors.UnknownEndpointError),
    ("method", "DELETE", "cluster/x", errors.InvalidError),
    ("duplicate", "POST", "pool", errors.ExistsError),
    ("duplicate", "PUT", ITEM, errors.ExistsError),
    ("stale", "PUT", ITEM, errors.ConflictError),
    ("no-free-ip", "POST", "vsvip", errors.ExhaustedError),
    ("foreign-vrf", "PUT", "vrfcontext/vrf-1", errors.InvalidError),
    ("newer-field", "POST", "pool", errors.VersionError),
    ("invalid-version", "GET", "pool", errors.VersionError),
    ("licence", "POST", "cloud", errors.InvalidError),
    ("rate-limited", "GET", "pool", errors.RateLimitedError),
    ("bad-pb", "PUT", ITEM, errors.ServerError),
    ("bad-certificate", "POST", "sslkeyandcertificate", errors.ServerError),
    ("broken", "DELETE", ITEM, errors.ServerError),
    ("timeout", "GET", "pool", errors.ServerError),
    ("timeout", "POST", "pool", errors.OutcomeUnknownError),
    ("bad-gateway", "GET", "pool", errors.NotReadyError),
    ("bad-gateway", "PUT", ITEM, errors.OutcomeUnknownError),
    ("gateway-timeout", "GET", "pool", errors.ServerError),
    ("gateway-timeout", "DELETE", ITEM, errors.OutcomeUnknownError),
    ("booting", "GET", "pool", errors.NotReadyError),
    ("booting", "POST", "pool", errors.NotReadyError),
    ("bad-credentials", "GET", "pool", errors.SessionLostError),
    ("no-session", "GET", "pool", errors.SessionLostError),
    ("csrf", "POST", "pool", errors.SessionLostError),
    ("switch-session", "GET", "pool", errors.SessionLostError),
]


def call(method: str = "GET", path: str = ITEM) -> calls.AviCall:
    body = BODY if method in ("POST", "PUT") else None
    return calls.AviCall(method=method, path=path, tenant="shop", body=body)


def classified(
    method: str, path: str, status: int, body: object, retry_after: str = ""
) -> errors.AviError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = calls.AviAnswer(status=status, body=raw, retry_after=retry_after)
    error = answers.classify(call(method, path), answer, AT)
    assert error is not None
    return error


@pytest.mark.parametrize(("name", "method", "path", "kind"), TABLE)
def test_what_controllers_say(
    name: str, method: str, path: str, kind: type[errors.AviError]
) -> None:
    fault = faults.Fault(answer=name)
    response = faults.response(fault, switches.Switches({}))
    error = classified(method, path, response.status, response.body)
    assert type(error) is kind
    assert AT in str(error)


def test_every_answer_that_is_known_is_in_the_table() -> None:
    assert {row[0] for row in TABLE} == set(faults.ANSWERS)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_good_answers_are_no_errors(status: int) -> None:
    assert answers.classify(call(), calls.AviAnswer(status=status, body=b"{}"), AT) is None


@pytest.mark.parametrize(
    ("status", "text", "method", "kind"),
    [
        (400, "Pool with this Name already exists: x", "POST", errors.ExistsError),
        (409, "something else", "POST", errors.ExistsError),
        (409, "something else", "PUT", errors.ConflictError),
        (400, "User with this Username already exist", "POST", errors.ExistsError),
        (
            400,
            "Concurrent Update Error: Need to reload object data VsVip",
            "PUT",
            errors.ConflictError,
        ),
        (400, "VrfContext not found", "POST", errors.MissingReferenceError),
        (400, "Pool object not found!", "GET", errors.InvalidError),
        (404, "Tenant object not found!", "DELETE", errors.TenantMissingError),
        (404, "Tenant object not found!", "GET", errors.TenantMissingError),
        (404, "Not found.", "DELETE", errors.UnknownEndpointError),
        (402, "pay", "GET", errors.InvalidError),
        (599, "", "GET", errors.ServerError),
        (100, "", "GET", errors.InvalidError),
        (302, "", "GET", errors.RedirectedError),
    ],
)
def test_texts_and_statuses(
    status: int, text: str, method: str, kind: type[errors.AviError]
) -> None:
    path = "pool" if method == "POST" else ITEM
    for key in ("error", "detail"):
        assert type(classified(method, path, status, {key: text})) is kind


def test_a_message_says_what_where_and_what_to_do() -> None:
    error = classified("POST", "pool", 400, {"error": "No available free IPs in n"})
    assert str(error) == (
        'POST pool "shop-web" (tenant shop) on avi.example.com needs an address, and no free one '
        "is left. Enlarge the pool. (400: No available free IPs in n)"
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (": ['Pool a', 'VirtualService b']", ("Pool a", "VirtualService b")),
        (": ['Pool it's']", ("Pool it's",)),
        (""": ["Pool it's", 'Pool a, b']""", ("Pool it's", "Pool a, b")),
        (": [ 'Pool a[1]' ]", ("Pool a[1]",)),
        (" ['Pool a']", ("Pool a",)),
        (": []", ()),
        (" somebody", ()),
    ],
)
def test_referrers(text: str, names: tuple[str, ...]) -> None:
    refusal = f"Cannot delete, object is referred by{text}"
    error = classified("DELETE", ITEM, 403, {"error": refusal})
    assert isinstance(error, errors.ReferencedError)
    assert error.referrers == names
    assert all(name in str(error) for name in names)


names = st.text(st.characters(codec="utf-8", exclude_characters="'\"\\"), min_size=1).map(
    lambda text: " ".join(text.split())
)


@given(st.lists(names.filter(lambda name: 0 < len(name) < 100), max_size=20))
def test_all_referrers_are_found(referrers: list[str]) -> None:
    listed = ", ".join(f"'{name}'" for name in referrers)
    text = f"Cannot delete, object is referred by: [{listed}]"
    assert answers.referrers(text) == tuple(redaction.redact(name) for name in referrers)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("", 5.0), ("soon", 5.0), ("-3", 5.0),
     ("9" * 9, 3600.0), ("nan", 5.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 5.0)],
)  # fmt: skip
def test_retry_after(header: str, seconds: float) -> None:
    error = classified("GET", "pool", 429, {"error": "slow"}, header)
    assert isinstance(error, errors.RateLimitedError)
    assert error.retry_after_seconds == seconds


def test_only_the_controllers_words_are_shown_short_and_masked() -> None:
    redaction.register("Canary-password-1")
    for body in (
        b'"Canary bare"',
        b"<html>Canary html</html>",
        b'{"other": "Canary"}',
        b'["Canary"]',
    ):
        assert "Canary" not in str(classified("GET", ITEM, 500, body))
    assert "Canary" not in str(classified("PUT", ITEM, 500, {"error": "Bad pb: x: 'Canary'"}))
    # At the edge of what is shown: cut before it was masked, half of it would be seen.
    long = "x" * (answers.TEXT_LIMIT - 8) + "Canary-password-1"
    shown = str(classified("GET", ITEM, 500, {"error": long}))
    assert "Canary" not in shown
    assert len(shown) < answers.TEXT_LIMIT + 150
    assert "\n" not in str(classified("GET", ITEM, 500, {"error": "a\nb"}))


@given(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    st.sampled_from(["pool", ITEM, "cluster/runtime"]),
    st.integers(100, 999),
    st.binary(max_size=60)
    | st.text(max_size=300).map(lambda text: json.dumps({"error": text}).encode())
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=9),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=6), inner),
    ).map(lambda value: json.dumps(value).encode()),
    st.text(max_size=12),
)
def test_no_answer_breaks_it(method: str, path: str, status: int, body: bytes, after: str) -> None:
    answer = calls.AviAnswer(status=status, body=body, retry_after=after)
    error = answers.classify(call(method, path), answer, AT)
    assert (error is None) == (200 <= status < 300)
    if error is not None:
        assert AT in str(error)
        assert len(str(error)) < 1200


@given(st.text())
def test_absence_is_never_concluded_from_a_proxys_404(page: str) -> None:
    """A DELETE takes `not there` for done: only a controller's own words may say so."""
    error = classified("DELETE", ITEM, 404, page.encode())
    assert not isinstance(error, errors.NotFoundError)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'"x"', b"\xff"])
def test_a_good_status_without_an_object_is_no_controller(body: bytes) -> None:
    with pytest.raises(errors.NotAviError):
        answers.value(call(), calls.AviAnswer(status=200, body=body), AT)


def test_an_empty_body_is_an_empty_object() -> None:
    assert answers.value(call("DELETE"), calls.AviAnswer(status=204), AT) == {}
