"""A Vault in memory: KV version 2 with its tokens, for virtual time.

It stands where the network stands, so that the gateway and its login run as they are::

    server = MemoryVault(clock)
    stores = server.stores()
    server.seal()

The contract table of the tests runs on it and on a real OpenBao.
"""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import itertools
import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from akoo_core.plugin import api as core_api
from akoo_core.plugin import clock, external, structs
from akoo_core.testing import Calls
from akoo_tenancy.spec import settings
from akoo_tenancy.store import api, document, errors, vault
from akoo_tenancy.store.calls import LOGINS, LostError, Route, Secret, VaultAnswer, VaultCall

Moment = Literal["before", "after"]
JWT_FILE: Final = "/var/run/secrets/akoo-core/vault/token"
JWT: Final = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJha29vLWNvcmUifQ.c2lnbmF0dXJlLW9mLW1lbW9yeQ"
VAULT: Final = settings.Vault(
    address="https://vault.memory:8200",
    login=settings.Login(method="Kubernetes", role="akoo-core"),
)
Failure = VaultAnswer | LostError | errors.MisconfiguredError
"""An answer, a lost answer, or a server that is not trusted."""
_NEEDS_TOKEN: Final = frozenset(Route) - LOGINS - {Route.SEAL_STATUS}


class StoreMeans:
    """The part of a verb's context that a store needs. ``external``: None, calls are recorded."""

    def __init__(
        self,
        now: clock.Clock,
        through: external.External | None = None,
        keep: core_api.Keep | None = None,
    ) -> None:
        self.clock = now
        self.keep = keep
        self.external: external.External = through or Calls()
        self.log = logging.LoggerAdapter(logging.getLogger("akoo_tenancy"))


@dataclasses.dataclass
class _Life:
    """One token."""

    dead_at: float
    last_at: float
    """Its maximum."""


@dataclasses.dataclass
class _Fault:
    routes: frozenset[Route]
    moment: Moment
    answer: Failure
    left: float


class MemoryVault:
    """The server: everything about it can be changed at any time."""

    def __init__(self, now: clock.Clock, *, ttl: int = 1200, max_ttl: int = 3600) -> None:
        self._clock = now
        self.ttl = ttl
        self.max_ttl = max_ttl
        self.sealed = False
        self.mount: str | None = VAULT.mount
        """Its one KV mount; None: none."""
        self.kv_version = 2
        self.login_mount: str | None = "kubernetes"
        self.role = "akoo-core"
        self.denied: set[str] = set()
        """Paths, as a policy names them, whose prefix is refused."""
        self.latency_seconds = 0.0
        """Time of each call: others run meanwhile."""
        self.files: dict[str, str] = {JWT_FILE: JWT}
        """The files that logins read."""
        self.secrets: set[str] = {JWT}
        """Each token and JWT so far: none of them may be seen anywhere."""
        self.calls: collections.Counter[Route] = collections.Counter()
        self.histories: dict[str, document.History] = {}
        """By path in the mount."""
        self._tokens: dict[str, _Life] = {}
        self._numbers = itertools.count(1)
        self._faults: list[_Fault] = []

    # What a test does to it.

    def stores(self, chosen: settings.Vault = VAULT) -> vault.VaultStores:
        """The stores of one replica."""
        return vault.VaultStores(chosen, self.wire)

    def wire(self, chosen: settings.Vault) -> MemoryWire:
        """The way of one replica to it."""
        return MemoryWire(self)

    def seal(self) -> None:
        """Refuse everything until it is unsealed."""
        self.sealed = True

    def unseal(self) -> None:
        """Serve again; tokens have aged meanwhile."""
        self.sealed = False

    def lose_tokens(self) -> None:
        """Revoke every token."""
        self._tokens.clear()

    def erase(self) -> None:
        """Restart it empty: a server in memory, or one restored from nothing."""
        self.histories.clear()
        self._tokens.clear()

    def fail(
        self,
        answer: Failure,
        *routes: Route,
        moment: Moment = "before",
        times: float = math.inf,
    ) -> None:
        """Give this answer to the routes (none: to all): instead of the effect, or after it."""
        self._faults.append(_Fault(frozenset(routes or Route), moment, answer, times))

    def lose_replies(self, *routes: Route, times: float = 1) -> None:
        """Lose the answer of calls that have their effect."""
        self.fail(
            LostError("the connection was cut", sent=True), *routes, moment="after", times=times
        )

    def heal(self) -> None:
        """Take all of ``fail`` back."""
        self._faults.clear()

    def delete(self, key: api.Key, prefix: str = VAULT.prefix) -> None:
        """Delete the current version, as a person may."""
        path = f"{prefix}/{key}"
        self.histories[path] = document.deleted(self.histories[path])

    def put(self, key: api.Key, data: structs.JSON, prefix: str = VAULT.prefix) -> int:
        """Write a version past every check, as a person may; its number."""
        path = f"{prefix}/{key}"
        history = self.histories.get(path, document.EMPTY)
        self.histories[path] = _written(history, data, history.current, key)
        return history.current + 1

    def data(self, key: api.Key, prefix: str = VAULT.prefix) -> structs.JSON | None:
        """The current data of a key; None: none that can be read."""
        history = self.histories.get(f"{prefix}/{key}", document.EMPTY)
        try:
            return document.read(history, 0, key=key).data
        except errors.StoreError:
            return None

    @property
    def tokens(self) -> int:
        """Tokens that are alive."""
        now = self._clock.monotonic()
        return sum(life.dead_at > now for life in self._tokens.values())

    # What it does.

    async def answer(self, call: VaultCall, token: str) -> VaultAnswer:
        """The answer to a call. Raises LostError."""
        await asyncio.sleep(self.latency_seconds)
        self.calls[call.route] += 1
        fault = self._fault(call.route)
        if fault is not None and fault.moment == "before":
            return _raised(fault.answer)
        answer = self._respond(call, token)
        return _raised(fault.answer) if fault is not None else answer

    def _fault(self, route: Route) -> _Fault | None:
        for fault in self._faults:
            if route in fault.routes and fault.left > 0:
                fault.left -= 1
                return fault
        return None

    def _respond(self, call: VaultCall, token: str) -> VaultAnswer:
        if call.route is Route.SEAL_STATUS:
            body = {"sealed": self.sealed, "initialized": True, "version": "2.7.2"}
            return VaultAnswer(status=200, body=body)
        if self.sealed:
            return refusal(503, "Vault is sealed")
        if call.route in _NEEDS_TOKEN:
            life = self._tokens.get(token)
            if life is None or life.dead_at <= self._clock.monotonic():
                return refusal(403, "permission denied")
            if any(call.policy_path.startswith(prefix) for prefix in self.denied):
                return refusal(403, "1 error occurred:\n\t* permission denied\n\n")
        if call.route in (Route.READ, Route.WRITE, Route.DESTROY, Route.METADATA, Route.LIST):
            return self._respond_kv(call)
        return _RESPONSES[call.route](self, call, token)

    def _respond_kv(self, call: VaultCall) -> VaultAnswer:
        if call.mount != self.mount:
            problem = (
                f'no handler for route "{call.mount}/data/{call.path}". route entry not found.'
            )
            return refusal(404, problem)
        if call.route is Route.LIST:
            return self._listed(call.path)
        history = self.histories.get(call.path, document.EMPTY)
        key = api.Key(segments=tuple(call.path.split("/")))
        try:
            return _KV[call.route](self, call, history, key)
        except errors.ConflictError:
            return refusal(400, "check-and-set parameter did not match the current version")
        except errors.AbsentError:
            return refusal(404)
        except errors.DeletedError as error:
            metadata = {"version": error.version, "destroyed": error.destroyed}
            return VaultAnswer(status=404, body={"data": {"data": None, "metadata": metadata}})

    def _listed(self, folder: str) -> VaultAnswer:
        below = {
            path.removeprefix(f"{folder}/")
            for path in self.histories
            if path.startswith(f"{folder}/")
        }
        names = {f"{rest.partition('/')[0]}/" if "/" in rest else rest for rest in below}
        if not names:
            return refusal(404)
        return _good({"keys": sorted(names)})

    def _read(self, call: VaultCall, history: document.History, key: api.Key) -> VaultAnswer:
        current = document.read(history, call.version, key=key)
        return _good(
            {
                "data": _copied(current.data),
                "metadata": {"version": current.version, "destroyed": False},
            }
        )

    def _write(self, call: VaultCall, history: document.History, key: api.Key) -> VaultAnswer:
        self.histories[call.path] = _written(history, _copied(call.data), call.version, key)
        return _good({"version": self.histories[call.path].current})

    def _destroy(self, call: VaultCall, history: document.History, key: api.Key) -> VaultAnswer:
        if history != document.EMPTY:
            self.histories[call.path] = document.destroyed(history, call.versions)
        return VaultAnswer(status=204, empty=True)

    def _metadata(self, call: VaultCall, history: document.History, key: api.Key) -> VaultAnswer:
        known = document.metadata(history, key)
        return _good(
            {
                "current_version": known.current,
                "versions": {
                    str(number): {
                        "destroyed": state == "destroyed",
                        "deletion_time": "2026-01-01T00:00:00Z" if state == "deleted" else "",
                    }
                    for number, state in known.versions.items()
                },
            }
        )

    def _look_at_mount(self, call: VaultCall, token: str) -> VaultAnswer:
        if call.mount != self.mount:
            return refusal(403, "preflight capability check returned 403")
        return _good({"type": "kv", "options": {"version": str(self.kv_version)}})

    def _log_in(self, call: VaultCall, token: str) -> VaultAnswer:
        if call.mount != self.login_mount:
            return refusal(403, "permission denied")
        if call.role != self.role:
            return refusal(400, f'invalid role name "{call.role}"')
        if call.credential.value not in self.files.values():
            return refusal(403, "permission denied")
        now = self._clock.monotonic()
        value = f"s.{next(self._numbers):024d}"
        self.secrets |= {value, call.credential.value}
        self._tokens[value] = _Life(now + self.ttl, now + self.max_ttl)
        return self._auth(value)

    def _renew(self, call: VaultCall, token: str) -> VaultAnswer:
        life = self._tokens[token]
        life.dead_at = min(self._clock.monotonic() + self.ttl, life.last_at)
        return self._auth(token)

    def _auth(self, token: str) -> VaultAnswer:
        left = int(self._tokens[token].dead_at - self._clock.monotonic())
        auth = {"client_token": token, "lease_duration": left, "renewable": True}
        return VaultAnswer(status=200, body={"auth": auth})

    def _look_up(self, call: VaultCall, token: str) -> VaultAnswer:
        left = int(self._tokens[token].dead_at - self._clock.monotonic())
        return _good({"display_name": "kubernetes-akoo-core", "ttl": left, "renewable": True})

    def _revoke(self, call: VaultCall, token: str) -> VaultAnswer:
        del self._tokens[token]
        return VaultAnswer(status=204, empty=True)


class MemoryWire:
    """The way to a MemoryVault; see :class:`akoo_tenancy.store.wire.Wire`."""

    def __init__(self, server: MemoryVault) -> None:
        self._server = server
        self.closed = False

    async def send(
        self, call: VaultCall, *, token: Secret, headers: Mapping[str, str]
    ) -> VaultAnswer:
        """The answer of the server."""
        return await self._server.answer(call, token.value)

    def read_file(self, path: str) -> str:
        """A file of the server's ``files``."""
        try:
            return self._server.files[path].strip()
        except KeyError:
            raise FileNotFoundError(2, "No such file or directory", path) from None

    def close(self) -> None:
        """Nothing is held."""
        self.closed = True


def refusal(status: int, *texts: str) -> VaultAnswer:
    """An answer of Vault that is no success."""
    return VaultAnswer(status=status, body={"errors": list(texts)})


_Responder = Callable[[MemoryVault, VaultCall, str], VaultAnswer]
_RESPONSES: Final[Mapping[Route, _Responder]] = {
    Route.MOUNT: MemoryVault._look_at_mount,
    Route.KUBERNETES: MemoryVault._log_in,
    Route.JWT: MemoryVault._log_in,
    Route.APPROLE: MemoryVault._log_in,
    Route.RENEW: MemoryVault._renew,
    Route.LOOKUP: MemoryVault._look_up,
    Route.REVOKE: MemoryVault._revoke,
}
_KvResponder = Callable[[MemoryVault, VaultCall, document.History, api.Key], VaultAnswer]
_KV: Final[Mapping[Route, _KvResponder]] = {
    Route.READ: MemoryVault._read,
    Route.WRITE: MemoryVault._write,
    Route.DESTROY: MemoryVault._destroy,
    Route.METADATA: MemoryVault._metadata,
}


def _written(
    history: document.History, data: structs.JSON, expected: int, key: api.Key
) -> document.History:
    return document.written(history, data, expected=expected, key=key, most=api.MAX_VERSIONS)


def _good(data: structs.JSON) -> VaultAnswer:
    return VaultAnswer(status=200, body={"request_id": "memory", "data": data})


def _raised(answer: Failure) -> VaultAnswer:
    if isinstance(answer, LostError):
        raise LostError(answer.problem, sent=answer.sent)
    if isinstance(answer, errors.MisconfiguredError):
        raise errors.MisconfiguredError(*answer.args)
    return answer


def _copied(data: structs.JSON) -> Any:
    """A copy that has been JSON."""
    return structs.decode_json(structs.encode_json(data))
