"""One call to the server through the seam, with the circuit that all callers share."""

from __future__ import annotations

import copy
import math
from typing import Final

from opentelemetry import trace

from akoo_core.plugin import circuit, clock, external, redaction
from akoo_tenancy.store import answers, errors, lanes
from akoo_tenancy.store.calls import (
    LostError,
    Route,
    Secret,
    TokenRefusedError,
    VaultAnswer,
    VaultCall,
)
from akoo_tenancy.store.wire import SECONDS, Wire

SYSTEM: Final = "vault"
_SILENT: Final = frozenset({errors.Cause.UNREACHABLE, errors.Cause.SEALED, errors.Cause.FAILING})
"""Causes that open the circuit: one call probes for all, so that an unsealed Vault is not met by
every cluster at once."""


class Exchange:
    """Calls to one server. ``forward``: reads name the last write that was seen."""

    def __init__(
        self, wire: Wire, place: answers.Place, now: clock.Clock, *, forward: bool = False
    ) -> None:
        self.place = place
        self._wire = wire
        self._clock = now
        self._circuit = circuit.Circuit(now)
        self._last: errors.UnavailableError | None = None
        self._lanes = lanes.Lanes()
        self._forward = forward
        self._index = ""

    async def send(
        self,
        call: VaultCall,
        token: Secret,
        through: external.External,
        *,
        seconds: float = SECONDS,
    ) -> VaultAnswer:
        """The good answer. Raises a StoreError, or TokenRefusedError."""
        try:
            async with self._lanes.lane():
                return await self._counted(call, token, through, seconds)
        except lanes.BusyError:
            busy = LostError("all connections wait for an answer", sent=False)
            raise answers.lost(call, busy, self.place) from None

    async def _counted(
        self, call: VaultCall, token: Secret, through: external.External, seconds: float
    ) -> VaultAnswer:
        self._raise_while_open()
        begun = self._clock.monotonic()
        try:
            answer = await self._send(call, token, through, seconds)
        except errors.UnavailableError as error:
            if error.cause in _SILENT:
                self._circuit.failed(begun)
                error.retry_seconds = max(
                    error.retry_seconds, math.ceil(self._circuit.refused_seconds())
                )
                self._last = error
            else:
                self._circuit.answered()
            raise
        except (errors.StoreError, TokenRefusedError):
            self._circuit.answered()
            raise
        self._circuit.answered()
        return answer

    def read_file(self, path: str) -> Secret:
        """A file of the login. Raises MisconfiguredError."""
        try:
            text = self._wire.read_file(path)
        except OSError as error:
            problem = f"cannot be read ({error.strerror})"
        except ValueError:
            problem = "holds something else than plain text"
        else:
            if text:
                redaction.register(text)
                return Secret(text)
            problem = "is empty"
        raise errors.MisconfiguredError(
            f"{path} {problem}. Correct plugins.tenancy.vault.login, or mount the file."
        )

    def close(self) -> None:
        """Release everything."""
        self._wire.close()

    async def _send(
        self, call: VaultCall, token: Secret, through: external.External, seconds: float
    ) -> VaultAnswer:
        sent = False
        try:
            async with through.call(
                SYSTEM,
                call.route.value,
                write=call.writes,
                subject=f"{self.place.address} {call.policy_path}",
                deadline_seconds=seconds,
            ) as span:
                sent = True
                answer = await self._wire.send(call, token=token, headers=self._headers(call, span))
                span.set_attribute("http.response.status_code", answer.status)
                if answer.request_id:
                    span.set_attribute("akoo.vault.request_id", answer.request_id)
                if answer.index:
                    self._index = answer.index
                answers.check(call, answer, self.place)
                return answer
        except TimeoutError:
            late = LostError(f"no answer came within {seconds:g} s", sent=sent)
            raise answers.lost(call, late, self.place) from None
        except LostError as problem:
            raise answers.lost(call, problem, self.place) from None

    def _headers(self, call: VaultCall, span: trace.Span) -> dict[str, str]:
        headers: dict[str, str] = {}
        context = span.get_span_context()
        if context.is_valid:
            headers["traceparent"] = (
                f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
            )
        if self._forward and self._index and call.route in (Route.READ, Route.METADATA, Route.LIST):
            headers["X-Vault-Index"] = self._index
            headers["X-Vault-Inconsistent"] = "forward-active-node"
        return headers

    def _raise_while_open(self) -> None:
        left = self._circuit.refused_seconds()
        if left and self._last is not None:
            error = copy.copy(self._last)
            error.outcome_unknown = False
            error.retry_seconds = math.ceil(left)
            raise error
