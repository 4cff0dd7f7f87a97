"""The meaning of an answer, in types and words."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core import structs
from akoo_core.kube import errors, resource, statuses
from akoo_core.kube.request import ServerRequest

LIST = ServerRequest("list", resource.CLUSTERS)
RBAC = (
    'clusters.cluster.x-k8s.io is forbidden: User "system:serviceaccount:akoo-system:akoo-core" '
    'cannot list resource "clusters" in API group "cluster.x-k8s.io" at the cluster scope'
)


def status(
    code: int, reason: str = "", message: str = "m", **details: Any
) -> statuses.ServerStatus:
    answer = {"kind": "Status", "code": code, "reason": reason, "message": message}
    made = statuses.status_of({**answer, "details": details})
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (status(401), errors.UnauthorizedError),
        (status(403), errors.ForbiddenError),
        (status(404, "NotFound", name="x"), errors.NotFoundError),
        (status(409, "AlreadyExists"), errors.AlreadyExistsError),
        (status(409, "Conflict"), errors.ConflictError),
        (status(410, "Expired"), errors.GoneError),
        (status(400, "BadRequest"), errors.InvalidError),
        (status(422, "Invalid"), errors.InvalidError),
        (status(429), errors.TooManyRequestsError),
        (status(500), errors.ServerError),
        (status(503), errors.ServerError),
        (status(504, "Timeout", "Too large resource version: 9"), errors.TooLargeVersionError),
        (status(302), errors.ServerError),
    ],
)
def test_the_type_of_an_answer(answer: statuses.ServerStatus, kind: type[errors.KubeError]) -> None:
    error = statuses.error_of(answer.code, answer, LIST)
    assert type(error) is kind
    assert error.status == answer.code
    assert str(error).startswith("list clusters.cluster.x-k8s.io")


def test_forbidden_names_the_missing_rule() -> None:
    error = statuses.error_of(403, status(403, "Forbidden", RBAC), LIST)
    assert (
        "not allowed to list clusters.cluster.x-k8s.io: ClusterRole akoo-core lacks list on "
        "clusters (rendered: akoo-core manifests rbac)" in str(error)
    )


def test_forbidden_in_a_namespace_and_by_apply() -> None:
    request = ServerRequest("apply", resource.SECRETS, "team-a", "s")
    message = 'secrets "s" is forbidden: User "u" cannot patch resource "secrets"'
    error = statuses.error_of(
        403, status(403, "Forbidden", message), request, role=statuses.WORKLOAD_ROLE
    )
    assert "lacks patch on secrets in namespace team-a" in str(error)
    assert "ClusterRole" not in str(error)


def test_admission_keeps_its_words() -> None:
    error = statuses.error_of(403, status(403, "Forbidden", "denied by policy x"), LIST)
    assert str(error).endswith(": denied by policy x")


@pytest.mark.parametrize("code", [200, 302, 401, 403, 404, 409, 410, 422, 429, 500, 502])
def test_a_body_that_is_no_status_is_not_quoted(code: int) -> None:
    body = b"<html>please log in, hunter2</html>"
    error = statuses.error_of(code, statuses.parse(body), LIST)
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    ("header", "details", "seconds"),
    [
        ("7", {}, 7.0),
        (None, {"retryAfterSeconds": 3}, 3.0),
        (None, {}, 1.0),
        ("soon", {}, 1.0),
        ("0", {}, 1.0),
        ("-1", {}, 1.0),
        ("0.001", {}, 1.0),
        ("nan", {}, 1.0),
        ("-inf", {}, 1.0),
        ("inf", {}, 300.0),
        ("1e300", {}, 300.0),
        (None, {"retryAfterSeconds": 0}, 1.0),
        (None, {"retryAfterSeconds": -9}, 1.0),
        (None, {"retryAfterSeconds": 1e300}, 300.0),
    ],
)
def test_retry_after(header: str | None, details: Any, seconds: float) -> None:
    error = statuses.error_of(429, status(429, **details), LIST, retry_after=header)
    assert isinstance(error, errors.TooManyRequestsError)
    assert error.retry_after_seconds == seconds


def test_absent_kind() -> None:
    error = statuses.error_of(404, None, LIST)
    assert isinstance(error, errors.NotFoundError)
    assert error.kind_missing


def test_only_a_patch_that_tests_becomes_a_conflict() -> None:
    refused = errors.InvalidError(statuses.PATCH_REFUSED, status=422, request="patch x")
    test: dict[str, Any] = {"op": "test", "path": "/a", "value": 1}
    assert isinstance(statuses.patch_error(refused, [test]), errors.ConflictError)
    assert statuses.patch_error(refused, [{"op": "remove", "path": "/a"}]) is refused
    other = errors.InvalidError("spec.x: Invalid value", status=422)
    assert statuses.patch_error(other, [test]) is other


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "x"},
        {"reason": {"a": 1}},
        {"message": ["hunter2"]},
        {"details": [1]},
        {"details": "x"},
        {"details": {"name": 7}},
        {"details": {"retryAfterSeconds": "soon"}},
        {"kind": 1},
    ],
)
@pytest.mark.parametrize("code", [401, 403, 404, 409, 410, 422, 429, 500, 999])
def test_a_status_of_wrong_types_is_none(code: int, wrong: dict[str, Any]) -> None:
    body = structs.encode_json({"kind": "Status", "code": code, "message": "hunter2"} | wrong)
    assert statuses.parse(body) is None
    error = statuses.error_of(code, statuses.parse(body), LIST, retry_after="1")
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 5000, b"[]", b"null", b"7", b'{"kind":'])
def test_a_body_that_cannot_be_decoded_is_no_status(body: bytes) -> None:
    assert statuses.parse(body) is None


def test_a_long_message_and_a_long_reason_are_cut() -> None:
    error = statuses.error_of(500, status(500, "R" * 5000, "m" * 5000), LIST)
    assert error.message == "m" * 1024
    assert error.reason == "R" * 64
    error = statuses.error_of(500, status(500, "R" * 5000, ""), LIST)
    assert error.message == "R" * 1024


@pytest.mark.parametrize(("code", "expected"), [(410, 410), (0, 500), (200, 500), (9**9, 500)])
def test_the_code_of_an_error_line_is_one_of_http(code: int, expected: int) -> None:
    error = statuses.event_error({"kind": "Status", "code": code}, LIST)
    assert error.status == expected
