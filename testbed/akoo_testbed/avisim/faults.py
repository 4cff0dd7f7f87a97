"""Faults: what goes wrong with which request, and how often.

A fault names an answer (of ANSWERS) that is given instead of the real one, or drops the connection,
or only delays. With `after` the request has its effect first: what a client sees when its answer
was lost on the way.
"""

import dataclasses
import json
import typing

from akoo_testbed.avisim import switches, values
from akoo_testbed.avisim.requests import journal, problems, subject

PATTERNS = ("method", "path", "kind", "uuid", "name", "tenant", "user")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. Patterns are those of a shell; `*` matches all."""

    answer: str = ""
    """A name of ANSWERS; "" for no answer of its own."""
    status: int = 0
    """With `answer` "": this status, with `text` as body."""
    text: str = ""
    drop: bool = False
    """Cut the connection without an answer."""
    after: bool = False
    """The request has its effect first."""
    delay_seconds: float = 0.0
    """The answer, or its loss, comes this much later; the effect does not wait.

    Over HTTPS it comes at once when the fault is taken away."""
    hold_seconds: float = 0.0
    """The request waits this long before it has its effect.

    Over HTTPS it has it at once when the fault is taken away."""
    lose_sessions: bool = False
    """All sessions end with this request."""
    method: str = "*"
    path: str = "*"
    kind: str = "*"
    uuid: str = "*"
    name: str = "*"
    tenant: str = "*"
    user: str = "*"
    skip: int = 0
    """Requests that match and go well before the first is met."""
    times: int | None = 1
    """Requests that are met; None: all until the fault is taken away."""

    def __post_init__(self) -> None:
        """Raises ValueError for an unknown answer or no effect, TypeError for a wrong type."""
        for name in (*PATTERNS, "answer", "text"):
            _check(name, getattr(self, name), str)
        for name in ("drop", "after", "lose_sessions"):
            _check(name, getattr(self, name), bool)
        for name in ("status", "skip", "hold_seconds", "delay_seconds"):
            _check(name, getattr(self, name), (int, float))
        _check("times", self.times or 0, int)
        if not (self.replaces or self.lose_sessions or self.delay_seconds or self.hold_seconds):
            raise ValueError("this fault does nothing: give answer, status, drop, a delay ...")
        if self.answer and self.answer not in ANSWERS:
            raise ValueError(f'no answer "{self.answer}"; there are: {", ".join(ANSWERS)}')

    @property
    def patterns(self) -> dict[str, str]:
        """The patterns that say something."""
        fields = {name: getattr(self, name) for name in PATTERNS}
        return {name: pattern for name, pattern in fields.items() if pattern != "*"}

    @property
    def label(self) -> str:
        """For the journal."""
        effect = self.answer or (str(self.status) if self.status else "")
        effect = effect or (
            "drop" if self.drop else "lose-sessions" if self.lose_sessions else "delay"
        )
        return f"{effect} after" if self.after else effect

    @property
    def replaces(self) -> bool:
        """True if the real answer is not given."""
        return bool(self.drop or self.answer or self.status)


_TABLE = """
bad-credentials|401|error|Invalid credentials
no-session|401|detail|Authentication credentials were not provided.
csrf|401||CSRF token missing or incorrect.
switch-session|419|error|Need to switch session
denied|403|error|User does not have permission to do this
unknown-tenant|403|error|Tenant 'gone' does not exist!
referred|403|error|Cannot delete, object is referred by: ['VirtualService other']
referred-cloud|400|error|Cannot delete, object is referred by: ['Network other']
upgrade|403|error|Configuration is disallowed during upgrade
not-found|404|error|Pool object not found!
unknown-endpoint|404||<h1>Not Found</h1>
method|405|detail|Method not allowed.
timeout|408|error|Request timed out
duplicate|409|error|object with this Name already exists
stale|412|error|Concurrent Update Error: Need to reload object data VsVip
no-free-ip|400|error|No available free IPs
missing-vrf|400|error|VrfContext object not found
foreign-vrf|400|error|Cannot modify VrfContext object of another tenant
newer-field|400|error|Incoming request (v18_2_8) has field (x) introduced in later versions(v20_1_1)
invalid-version|400|error|Invalid version
licence|400|error|Feature is not allowed by the licence tier
rate-limited|429|error|Too many requests
bad-pb|500|error|Bad pb: malformed
bad-certificate|500|error|Import error: common_name
broken|500|error|Internal server error
bad-gateway|502||<html>502 Bad Gateway</html>
booting|503|error|Controller is not ready
gateway-timeout|504||<html>504 Gateway Timeout</html>
"""
RETRY_AFTER_SECONDS = 5


def _read() -> dict[str, tuple[int, str, str]]:
    rows = (line.split("|") for line in _TABLE.strip().splitlines())
    return {name: (int(status), key, text) for name, status, key, text in rows}


ANSWERS = _read()
"""Name of an answer: status, key of the body's text ("": the body is bare), text."""


def response(fault: Fault, chosen: switches.Switches) -> values.Response:
    """The answer that a fault gives."""
    if fault.drop:
        return values.Response(drop=True)
    if not fault.answer:
        text = fault.text or json.dumps({"error": "fault"})
        return values.Response(status=fault.status, body=text.encode())
    status, key, text = ANSWERS[fault.answer]
    refused = problems.RefusedError(status, fault.text or text, key=key)
    if status == 419:
        refused.reason, refused.content_type = "FORBIDDEN", "text/html"
    if not key and text.startswith("<"):
        refused.content_type = "text/html"
    if status == 429 and chosen["retry-after"] == "yes":
        refused.headers.append(("Retry-After", str(RETRY_AFTER_SECONDS)))
    return refused.response()


def _check(name: str, value: object, kind: type | tuple[type, ...]) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{name} of a fault cannot be {value!r}")


@dataclasses.dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0
    met: int = 0


class Faults:
    """The faults in force, by number."""

    def __init__(self) -> None:
        self._armed: dict[int, _Armed] = {}
        self._next = 1

    def add(self, fault: Fault) -> int:
        """Arm a fault; its number."""
        number, self._next = self._next, self._next + 1
        self._armed[number] = _Armed(fault)
        return number

    def remove(self, number: int) -> None:
        """Take a fault away; fine if it is gone."""
        self._armed.pop(number, None)

    def clear(self) -> None:
        """Take all faults away."""
        self._armed.clear()

    def lasts(self, fault: Fault) -> bool:
        """True until the fault that a request met is taken away."""
        return any(armed.fault is fault for armed in list(self._armed.values()))

    def met(self, number: int) -> int:
        """The number of requests that a fault met so far. A fault that is used up stays until it is
        removed."""
        return self._armed[number].met

    def meet(self, about: subject.Subject) -> Fault | None:
        """The fault that a request meets: the oldest that matches and is not used up."""
        for armed in self._armed.values():
            fault = armed.fault
            if fault.times is not None and armed.met >= fault.times:
                continue
            if not journal.matches(about, fault.patterns):
                continue
            armed.seen += 1
            if armed.seen > fault.skip:
                armed.met += 1
                return fault
        return None

    def as_dict(self) -> dict[str, typing.Any]:
        """All faults, with how often they were met."""
        return {
            str(number): {**dataclasses.asdict(armed.fault), "met": armed.met}
            for number, armed in self._armed.items()
        }
