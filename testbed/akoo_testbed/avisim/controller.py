"""The controller: a request goes in, an answer comes out. No I/O, no clock of its own."""

import dataclasses
import random
import time
import typing
from collections.abc import Callable, Iterable, Mapping

from akoo_testbed.avisim import control, faults, snapshots, switches, values, versions
from akoo_testbed.avisim.access import admission, auth, login
from akoo_testbed.avisim.objects import discovery, schema, seeds, store
from akoo_testbed.avisim.objects import state as states
from akoo_testbed.avisim.requests import context, endpoints, journal, problems, subject, system


@dataclasses.dataclass(frozen=True, slots=True)
class Meeting:
    """A request and the fault that it meets."""

    about: subject.Subject
    body: typing.Any
    fault: faults.Fault | None


class Controller:
    """A simulated Avi Controller.

    `clock` gives seconds since the epoch; `rng` makes uuids and secrets; `chosen` are switches.
    What a new controller has gets the same uuids on each with the same `identity`.
    """

    def __init__(
        self,
        *,
        password: str,
        username: str = "admin",
        profile: str = versions.DEFAULT_PROFILE,
        strict: bool = False,
        chosen: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
        rng: random.Random | None = None,
        identity: str = "",
    ) -> None:
        """Raises ValueError for an unknown profile or switch."""
        self.state = states.State(
            profile=versions.profile(profile),
            chosen=switches.Switches(chosen),
            clock=clock,
            rng=rng or random.SystemRandom(),
            strict=strict,
            identity=identity,
        )
        self.journal = journal.Journal()
        self.faults = faults.Faults()
        self.kept: list[snapshots.Snapshot] = []
        """Snapshots that were taken by the control endpoint."""
        seeds.plant(self.state, username, password)

    def meet(self, request: values.Request) -> Meeting:
        """The subject of the request, and the fault that it meets. Call it once per request."""
        body = subject.read_body(request)
        about = subject.of(self.state, request, body)
        if about.path.startswith(control.PREFIX):
            return Meeting(about, body, None)
        return Meeting(about, body, self.faults.meet(about))

    def handle(self, request: values.Request, meeting: Meeting | None = None) -> values.Response:
        """Answer one request. Never raises for anything a client may send."""
        meeting = meeting or self.meet(request)
        response = self._faulty(request, meeting.fault)
        if not meeting.about.path.startswith(control.PREFIX):
            label = meeting.fault.label if meeting.fault else ""
            now = self.state.clock()
            self.journal.note(now, meeting.about, request, meeting.body, response, label)
        return response

    def _faulty(self, request: values.Request, fault: faults.Fault | None) -> values.Response:
        if fault is None:
            return self._safe(request)
        if fault.lose_sessions:
            self.lose_sessions()
        if not fault.replaces:
            return self._safe(request)
        if fault.after:
            self._safe(request)
        return faults.response(fault, self.state.switches)

    def _safe(self, request: values.Request) -> values.Response:
        try:
            return self._route(request)
        except problems.RefusedError as refused:
            return refused.response()

    def _route(self, request: values.Request) -> values.Response:
        path = request.path
        if self.state.restarting and not path.startswith(control.PREFIX):
            raise problems.restarting(self.state.switches["restart-answer"])
        if path == "/login":
            if request.method != "POST":
                raise problems.method_not_allowed(request.method)
            return login.login(self.state, request)
        if path == "/logout":
            return login.logout(self.state, request)
        if path == control.PREFIX or path.startswith(f"{control.PREFIX}/"):
            return control.handle(self, request)
        if path == "/api/cluster/status" and request.method == "GET":
            return values.answer(system.cluster_status(self.state))
        if path == "/api/initial-data" and self.state.switches["initial-data"] == "open":
            return values.answer(system.initial_data(self.state))
        if not path.startswith("/api/"):
            raise problems.unknown_endpoint()
        user, session = login.authenticate(self.state, request)
        return self._answered(request, user, session)

    def _answered(
        self, request: values.Request, user: store.Stored, session: auth.Session | None
    ) -> values.Response:
        """The answer in its session: errors, too, renew the cookies."""
        try:
            response = self._api(admission.admit(self.state, request, user, session))
        except problems.RefusedError as refused:
            response = refused.response()
        cookies = auth.session_cookies(session.id) if session else auth.NO_SESSION_COOKIES
        response.headers += cookies
        return response

    def _api(self, ctx: context.Context) -> values.Response:
        response = self._kinds(ctx)
        version = versions.underscored(ctx.version)
        response.headers += [("AVI_API_VERSION", version), ("Vary", "Accept, Cookie")]
        return response

    def _kinds(self, ctx: context.Context) -> values.Response:
        if self.state.upgrading and ctx.request.method not in journal.SAFE_METHODS:
            raise problems.upgrade_running()
        rest = ctx.request.path.removeprefix("/api/")
        answered = endpoints.special(ctx, rest)
        if answered is not None:
            return answered
        kind, uuid = self._split(rest)
        if kind.singleton:
            return endpoints.singleton(ctx, kind)
        return endpoints.item(ctx, kind, uuid) if uuid else endpoints.collection(ctx, kind)

    def _split(self, rest: str) -> tuple[schema.Kind, str]:
        kind = self.state.kind(rest)
        if kind is not None:
            return kind, ""
        path, _, uuid = rest.rpartition("/")
        kind = self.state.kind(path)
        if kind is None:
            raise problems.unknown_endpoint()
        return kind, uuid

    def summary(self) -> dict[str, typing.Any]:
        """A few words about the object."""
        return {
            "profile": self.state.profile.name,
            "strict": self.state.strict,
            "objects": len(self.state.objects.everything()),
            "sessions": len(self.state.accounts.sessions),
            "upgrading": self.state.upgrading,
            "journal": self.journal.last,
            "switches": self.state.switches.as_dict(),
        }

    def snapshot(self) -> snapshots.Snapshot:
        """The state as it is now, to `restore` or to `diff` with."""
        return snapshots.take(self.state)

    def restore(self, kept: snapshots.Snapshot, *, keep_sessions: bool = False) -> None:
        """Go back to a snapshot; journal, faults and switches stay as they are."""
        snapshots.restore(self.state, kept, keep_sessions=keep_sessions)

    def diff(self, since: snapshots.Snapshot) -> snapshots.Diff:
        """The changes since a snapshot."""
        return snapshots.diff(since, self.snapshot())

    def lose_sessions(self) -> None:
        """All sessions end; clients find out with their next request."""
        self.state.accounts.sessions.clear()

    def change_leader(self) -> None:
        """Another node leads, since now; sessions are lost."""
        self.state.leader += 1
        self.state.leader_since = self.state.clock()
        self.lose_sessions()

    def set_upgrading(self, running: bool) -> None:
        """While an upgrade runs no configuration is taken."""
        self.state.upgrading = running

    def restart(self) -> None:
        """Answer nothing but 503 (or 502, a switch) until `come_back`."""
        self.state.restarting = True

    def come_back(self, profile: str = "") -> None:
        """End a restart or an upgrade, with another release if `profile` is given.

        Raises ValueError for an unknown profile. Sessions of the old release are lost, unless a
        switch keeps them.
        """
        if profile:
            self.state.profile = versions.profile(profile)
            if self.state.switches["upgrade-sessions"] == "lost":
                self.lose_sessions()
        self.state.restarting = self.state.upgrading = False
        self.state.leader_since = self.state.clock()

    def refer(self, kind: str, uuid: str, *referrers: str) -> None:
        """Let these hold an object, such as `GslbService web`: kinds that nobody can list here."""
        self.state.outside_referrers[kind, uuid] = referrers

    def discover(self, cloud: str, groups_: Iterable[discovery.PortGroup]) -> None:
        """These are the port groups of a vCenter cloud now. Raises ValueError."""
        stored = next(self.state.objects.named("cloud", cloud), None)
        if stored is None or not discovery.discovers(stored):
            raise ValueError(f'there is no vCenter cloud "{cloud}" with read or write access')
        discovery.discover(self.state, stored, groups_)
