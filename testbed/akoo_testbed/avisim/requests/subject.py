"""The subject of a request, read without checking it: for the journal and for faults."""

import dataclasses
import json
import typing
import urllib.parse

from akoo_testbed.avisim import values
from akoo_testbed.avisim.access import auth
from akoo_testbed.avisim.objects import references
from akoo_testbed.avisim.objects import state as states


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Verb, object and asker of a request; "" for what it does not say."""

    method: str
    path: str
    kind: str = ""
    uuid: str = ""
    name: str = ""
    tenant: str = ""
    """Name of the tenant that the header names, or `*`; an unknown uuid as it is."""
    user: str = ""
    """Name of the user."""


def of(state: states.State, request: values.Request, body: typing.Any) -> Subject:
    """The subject of a request, before it has any effect."""
    path = request.path
    kind, uuid = _object(state, path)
    name = state.name_of(kind, uuid) if uuid else _named(request, body)
    return Subject(
        method=request.method,
        path=path,
        kind=kind,
        uuid=uuid,
        name=name,
        tenant=_tenant(state, request),
        user=_user(state, request, body),
    )


def _tenant(state: states.State, request: values.Request) -> str:
    uuid = request.headers.get("x-avi-tenant-uuid", "")
    name = state.name_of("tenant", uuid) or uuid or request.headers.get("x-avi-tenant", "")
    percent = state.switches["tenant-header"] == "percent"
    return urllib.parse.unquote(name) if percent else name


def _object(state: states.State, path: str) -> tuple[str, str]:
    if not path.startswith("/api/"):
        return "", ""
    rest = path.removeprefix("/api/")
    if rest in state.kinds.kinds:
        return rest, ""
    kind, _, uuid = rest.rpartition("/")
    return (kind, uuid) if kind in state.kinds.kinds else (rest.partition("/")[0], "")


def _named(request: values.Request, body: typing.Any) -> str:
    if isinstance(body, dict) and isinstance(body.get("name"), str):
        return str(body["name"])
    return dict(request.query).get("name", "") if "?" in request.target else ""


def _user(state: states.State, request: values.Request, body: typing.Any) -> str:
    if request.path == "/login":
        return str(body.get("username", "")) if isinstance(body, dict) else ""
    basic = auth.read_basic(request.headers.get("authorization", ""))
    if basic is not None:
        return basic[0]
    cookies = auth.read_cookies(request.headers.get("cookie", ""))
    session = state.accounts.sessions.get(
        cookies.get("avi-sessionid") or cookies.get("sessionid", "")
    )
    return state.name_of("user", session.user) if session else ""


def read_body(request: values.Request) -> typing.Any:
    """The body, decoded as what it seems to be; None if it is neither JSON nor a form."""
    if not request.body:
        return None
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        return dict(urllib.parse.parse_qsl(request.body.decode(errors="replace")))
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        return None


_SECRETS = frozenset(
    [
        "password",
        "old_password",
        "token",
        "key",
        "key_passphrase",
        "private_key",
        "md5_secret",
        "authtoken",
    ]
)


def redacted(body: typing.Any) -> typing.Any:
    """The body with <sensitive> for all that is secret by its name."""
    if isinstance(body, list):
        return [redacted(each) for each in body]
    if not isinstance(body, dict):
        return body
    return {
        # A marker has a `key`, too: the name of a label, which is no secret.
        name: references.SENSITIVE
        if name in _SECRETS
        and isinstance(value, str)
        and "values" not in body
        and not (name == "key" and "value" in body)
        else redacted(value)
        for name, value in body.items()
    }
