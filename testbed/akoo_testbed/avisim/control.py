"""The control endpoint, /avisim/...: what the Python object can do, for programs in any language.

Basic authentication as a superuser. It answers whatever faults and upgrades are in force.

    GET    /avisim                 release, number of objects, switches
    GET    /avisim/journal         ?since=N&writes=1&kind=pool&name=shop--*
    DELETE /avisim/journal
    GET    /avisim/faults          POST one (fields of Fault), DELETE all, DELETE /avisim/faults/N
    PUT    /avisim/switches        {"csrf-body": "detail"}
    POST   /avisim/snapshots       {"id": N}; POST .../N/restore; GET .../N/diff: what changed since
    POST   /avisim/portgroups      {"cloud": name, "port_groups": [fields of PortGroup]}
    POST   /avisim/upgrade         {"running": true}
    POST   /avisim/restart         nothing is answered any more
    POST   /avisim/return          {"profile": "31.2.2"}: it is back, with another release if given
    POST   /avisim/referrers       {"kind": "pool", "uuid": "...", "referrers": ["GslbService x"]}
    POST   /avisim/leader          the leader changes, all sessions are lost
    DELETE /avisim/sessions
"""

import dataclasses
import json
import typing

from akoo_testbed.avisim import faults, values
from akoo_testbed.avisim.access import auth
from akoo_testbed.avisim.objects import discovery
from akoo_testbed.avisim.requests import problems

if typing.TYPE_CHECKING:
    from akoo_testbed.avisim.controller import Controller

PREFIX = "/avisim"


def handle(controller: "Controller", request: values.Request) -> values.Response:
    """Answer a request to the control endpoint. Raises RefusedError."""
    _authenticate(controller, request)
    parts = request.path.removeprefix(PREFIX).strip("/").split("/")
    body = _body(request)
    try:
        return _answer(controller, request, parts, body)
    except (TypeError, ValueError, LookupError) as error:
        raise problems.bad_request(f"{type(error).__name__}: {error}") from None


def _body(request: values.Request) -> dict[str, typing.Any]:
    """JSON whatever its content type says: curl calls all it sends a form. Raises RefusedError."""
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise problems.bad_request("the body is not JSON") from None
    if not isinstance(body, dict):
        raise problems.bad_request("the body is not an object")
    return body


def _authenticate(controller: "Controller", request: values.Request) -> None:
    basic = auth.read_basic(request.headers.get("authorization", ""))
    user = controller.state.user_named(basic[0]) if basic else None
    if basic is None or user is None or not user.data.get("is_superuser"):
        raise problems.not_authenticated()
    if not auth.password_matches(user.data["password"], basic[1]):
        raise problems.invalid_credentials()


def _answer(
    controller: "Controller", request: values.Request, parts: list[str], body: dict[str, typing.Any]
) -> values.Response:
    match request.method, *parts:
        case "GET", "":
            return values.answer(controller.summary())
        case "GET", "journal":
            return values.answer(_journal(controller, dict(request.query)))
        case "DELETE", "journal":
            controller.journal.clear()
        case "GET", "faults":
            return values.answer(controller.faults.as_dict())
        case "POST", "faults":
            return values.answer({"id": controller.faults.add(faults.Fault(**body))}, 201)
        case "DELETE", "faults":
            controller.faults.clear()
        case "DELETE", "faults", number:
            controller.faults.remove(int(number))
        case "PUT", "switches":
            for name, value in body.items():
                controller.state.switches[name] = value
        case _:
            return _more(controller, request, parts, body)
    return values.answer({})


def _more(
    controller: "Controller", request: values.Request, parts: list[str], body: dict[str, typing.Any]
) -> values.Response:
    match request.method, *parts:
        case "POST", "snapshots":
            controller.kept.append(controller.snapshot())
            return values.answer({"id": len(controller.kept)}, 201)
        case "POST", "snapshots", number, "restore":
            controller.restore(controller.kept[int(number) - 1])
        case "GET", "snapshots", number, "diff":
            return values.answer(controller.diff(controller.kept[int(number) - 1]).as_dict())
        case "POST", "portgroups":
            groups = [_port_group(each) for each in body["port_groups"]]
            controller.discover(body["cloud"], groups)
        case "POST", "referrers":
            controller.refer(body["kind"], body["uuid"], *map(str, body["referrers"]))
        case _:
            return _life(controller, request, parts, body)
    return values.answer({})


def _life(
    controller: "Controller", request: values.Request, parts: list[str], body: dict[str, typing.Any]
) -> values.Response:
    match request.method, *parts:
        case "POST", "upgrade":
            controller.state.upgrading = bool(body["running"])
        case "POST", "restart":
            controller.restart()
        case "POST", "return":
            controller.come_back(str(body.get("profile", "")))
        case "POST", "leader":
            controller.change_leader()
        case "DELETE", "sessions":
            controller.lose_sessions()
        case _:
            raise problems.unknown_endpoint()
    return values.answer({})


def _port_group(fields: dict[str, typing.Any]) -> discovery.PortGroup:
    return discovery.PortGroup(**{**fields, "subnets": tuple(fields.get("subnets", ()))})


def _journal(controller: "Controller", query: dict[str, str]) -> list[dict[str, typing.Any]]:
    since = int(query.pop("since", "0"))
    writes = query.pop("writes", "") not in ("", "0")
    unknown = set(query) - set(faults.PATTERNS)
    if unknown:
        raise ValueError(f"the journal has no {', '.join(sorted(unknown))}")
    entries = controller.journal.entries(since=since, writes=writes, **query)
    return [dataclasses.asdict(entry) for entry in entries]
