"""One request after another to one API server: span, deadline, circuit, metrics, errors.

Everything :class:`akoo_core.kube.transport.HttpTransport` sends goes through here, once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import Any, Literal, TypeVar

import aiohttp

from akoo_core import structs
from akoo_core.external import External
from akoo_core.kube import budget, connection, dialing, errors, statuses
from akoo_core.kube.call import HttpCall
from akoo_core.kube.circuit import Circuit
from akoo_core.kube.endpoint import Endpoint
from akoo_core.kube.request import Payload, ServerRequest
from akoo_core.telemetry import metrics

OPEN_DEADLINE_SECONDS = 15.0
"""Deadline for the first answer of a watch; afterwards only silence ends it."""

Renew = Callable[[], Awaitable[bool]]
"""Loads the credential again after a 401; True if another try makes sense."""

T = TypeVar("T")
Decode = Callable[[bytes, budget.Budget], T]
"""Decodes the body of a successful answer. Raises structs.DecodeError."""

_log = logging.getLogger(__name__)


class Caller:
    """Sends calls to one endpoint, which ``swap`` may change below calls in flight."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        external: External,
        system: Literal["kubernetes", "workload"],
        circuit: Circuit | None,
        renew: Renew | None,
        network: dialing.Network = dialing.OPEN,
        role: str = "",
    ) -> None:
        own = system == "kubernetes"
        self.budget = budget.MANAGEMENT if own else budget.WORKLOAD
        self._network = network
        self._connection = connection.Connection(endpoint, self.budget, network)
        self._retiring: dict[asyncio.Task[None], connection.Connection] = {}
        self._external = external
        self._system = system
        self._circuit = circuit
        self._renew = renew
        self._renewing = asyncio.Lock()
        self._generation = 0
        self._detail = ""
        self._host = "management" if own else "workload"
        self._role = role or (statuses.MANAGEMENT_ROLE if own else statuses.WORKLOAD_ROLE)

    async def send(self, call: HttpCall, decode: Decode[T], *, deadline_seconds: float) -> T:
        """Send the call and decode the answer. Raises KubeError.

        A 401 is tried once more with a new credential. A 429 was not acted upon by the server (it
        is overloaded, or fills the cache of a new kind): it is sent again after the time it asks
        for, as long as that is within the deadline of one call.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + deadline_seconds
        while True:
            try:
                return await self._authorized(call, decode, deadline_seconds)
            except errors.TooManyRequestsError as error:
                if loop.time() + error.retry_after_seconds > until:
                    raise
                await asyncio.sleep(error.retry_after_seconds)

    async def _authorized(self, call: HttpCall, decode: Decode[T], deadline_seconds: float) -> T:
        generation = self._generation
        try:
            return await self._send(call, decode, deadline_seconds)
        except errors.UnauthorizedError:
            if not await self._renewed(generation):
                raise
        return await self._send(call, decode, deadline_seconds)

    async def stream(
        self,
        request: ServerRequest,
        payload: Payload,
        *,
        inactivity_seconds: float,
    ) -> AsyncGenerator[bytes, None]:
        """The chunks of a long answer. Raises KubeError; close it (``aclosing``) to stop."""
        call = HttpCall.of(request, payload)
        async with contextlib.AsyncExitStack() as stack:
            generation, used = self._generation, self._connection
            try:
                response = await self._open(stack, call, inactivity_seconds)
            except errors.UnauthorizedError:
                if not await self._renewed(generation):
                    raise
                used = self._connection
                response = await self._open(stack, call, inactivity_seconds)
            try:
                async for chunk in response.content.iter_any():
                    yield chunk
            except TimeoutError as error:
                message = f"silent for {inactivity_seconds:.0f} s"
                raise errors.UnreachableError(message, request=str(request)) from error
            except (*connection.FAILURES, RuntimeError) as error:
                raise used.failure(error, str(request)) from error

    async def swap(self, endpoint: Endpoint) -> None:
        """Send to ``endpoint`` from now on; the old connections close when they are idle."""
        old = self._connection
        self._connection = connection.Connection(endpoint, self.budget, self._network)
        self._generation += 1
        task = asyncio.create_task(old.close_when_idle(), name="close old API server connections")
        self._retiring[task] = old
        task.add_done_callback(self._retiring.pop)

    async def close(self) -> None:
        """Close all connections, old ones too. Safe to call twice."""
        for task, old in tuple(self._retiring.items()):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await old.close()
        await self._connection.close()

    async def _send(self, call: HttpCall, decode: Decode[T], deadline_seconds: float) -> T:
        with self._circuited(call), self._measured(call) as outcome:
            try:
                async with self._call(call, deadline_seconds) as span:
                    answer = await self._connection.call(
                        call.method,
                        call.path,
                        query=call.query,
                        headers=call.headers,
                        body=call.body,
                        limit=self.budget.bytes_of(call.verb),
                        request=str(call),
                    )
                    outcome["code"] = _code(answer.code)
                    span.set_attribute("http.response.status_code", answer.code)
                    return self._decoded(call, answer, decode)
            except TimeoutError as error:
                raise self._timed_out(call, deadline_seconds) from error

    async def _open(
        self, stack: contextlib.AsyncExitStack, call: HttpCall, inactivity_seconds: float
    ) -> aiohttp.ClientResponse:
        about = str(call.about)
        with self._circuited(call), self._measured(call) as outcome:
            try:
                async with self._call(call, OPEN_DEADLINE_SECONDS) as span:
                    opening = self._connection.stream(
                        call.path,
                        query=call.query,
                        headers=call.headers,
                        inactivity_seconds=inactivity_seconds,
                    )
                    response = await stack.enter_async_context(opening)
                    outcome["code"] = _code(response.status)
                    span.set_attribute("http.response.status_code", response.status)
                    if response.status != 200:
                        limit = self.budget.object_bytes
                        body = await connection.read_body(response, limit, about)
                        retry = response.headers.get("Retry-After")
                        raise self._refusal(
                            call, connection.HttpAnswer(response.status, body, retry)
                        )
                    return response
            except (*connection.FAILURES, RuntimeError) as error:
                raise self._connection.failure(error, about) from error

    def _call(self, call: HttpCall, deadline_seconds: float) -> Any:
        return self._external.call(
            self._system,
            call.operation,
            write=call.write,
            subject=call.subject,
            deadline_seconds=deadline_seconds,
        )

    def _decoded(self, call: HttpCall, answer: connection.HttpAnswer, decode: Decode[T]) -> T:
        if not 200 <= answer.code < 300:
            raise self._refusal(call, answer)
        try:
            return decode(answer.body, self.budget)
        except structs.DecodeError as error:
            message = f"HTTP {answer.code} with an answer that is not used: {error}"
            raise errors.ServerError(message, status=answer.code, request=str(call)) from error

    def _refusal(self, call: HttpCall, answer: connection.HttpAnswer) -> errors.KubeError:
        error = statuses.error_of(
            answer.code,
            statuses.parse(answer.body),
            call.about or call.path,
            retry_after=answer.retry_after,
            role=self._role,
        )
        return statuses.patch_error(error, call.patch)

    def _timed_out(self, call: HttpCall, deadline_seconds: float) -> errors.UnreachableError:
        server = self._connection.endpoint.server
        endpoint = self._connection.endpoint
        detail = f"no answer within {deadline_seconds:.0f} s"
        if endpoint.through is not None:
            detail = f"{detail}, through proxy {endpoint.through}"
        message = f"{server} gave {detail}"
        if self._network.quiet:
            message = f"{server} cannot be reached: {connection.untrusted(endpoint)}"
        return errors.UnreachableError(message, request=str(call), detail=detail)

    async def _renewed(self, seen: int) -> bool:
        """Renew the credential; True if it is newer than generation ``seen``."""
        async with self._renewing:
            if self._generation != seen:
                return True  # somebody else has just done it
            renew = self._renew or self._connection.endpoint.authorization.renew
            renewed = await renew()
            self._generation += renewed and self._generation == seen
            return renewed

    @contextlib.contextmanager
    def _circuited(self, call: HttpCall) -> Iterator[None]:
        if self._circuit is None:
            yield
            return
        wait = self._circuit.refused_seconds()
        if wait > 0:
            server, silent = self._connection.endpoint.server, self._circuit.silent_seconds
            message = f"{server} has been silent for {silent:.0f} s; next try in {wait:.0f} s"
            raise errors.CircuitOpenError(message, retry_after_seconds=wait, request=str(call))
        try:
            yield
        except errors.UnreachableError as error:
            self._circuit.failed()
            self._note(error)
            raise
        except errors.KubeError:
            self._circuit.answered()
            raise
        self._circuit.answered()

    def _note(self, error: errors.UnreachableError) -> None:
        """Log how a connection failed, once for each kind of failure."""
        if error.detail and error.detail != self._detail:
            server = self._connection.endpoint.server
            _log.info("%s is not reached: %s", server, error.detail)
        self._detail = error.detail

    @contextlib.contextmanager
    def _measured(self, call: HttpCall) -> Iterator[dict[str, str]]:
        outcome = {"code": "<error>"}
        started = time.perf_counter()
        try:
            yield outcome
        finally:
            metrics.REST_SECONDS.labels(call.verb, self._host).observe(
                time.perf_counter() - started
            )
            metrics.REST_REQUESTS.labels(outcome["code"], call.method, self._host).inc()


def _code(status: int) -> str:
    """An HTTP status as the value of a label: a server may answer any number."""
    return str(status) if 100 <= status < 600 else "other"
