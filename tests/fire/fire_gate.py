"""The gate: all that operators call passes here, and can be killed, held, cut or slowed on its way.

An operator is given the gate's address, with its own name as the first part of every path: so its
calls are told from those of other replicas. The addresses in kubeconfig Secrets are changed on the
way, so that calls of workload clusters pass too; everybody else goes to the servers directly.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

import aiohttp
import multidict
import yaml
from aiohttp import web
from akoo_testbed import base

from tests.fire import fire_front, fire_journal, fire_outside

Moment = Literal["before", "after"]
Line = Literal["pass", "swallow", "end", "cut"]
"""The fate of a line of a watch: passed; dropped; passed as the last line of a stream that ends in
good order; passed by half before the connection is cut."""

WatchRule = Callable[[fire_journal.Call, int, bytes], Awaitable[Line]]
"""Asked for each line, with its number (from 1) in its stream."""

_LINE_BYTES = 1 << 22


class Trap(NamedTuple):
    """The fate of the first call that matches, before it is sent on or after its answer.

    ``act`` returns whether the call goes on as if nothing had been; else its connection is cut.
    """

    match: fire_journal.Match
    moment: Moment
    act: Callable[[fire_journal.Call], Awaitable[bool]]
    sprung: asyncio.Event

    async def wait(self, event: object) -> None:
        """Wait until it has sprung. AssertionError, naming ``what`` was waited for, if not."""
        try:
            async with asyncio.timeout(fire_journal.PATIENCE_SECONDS):
                await self.sprung.wait()
        except TimeoutError:
            raise AssertionError(f"never came to: {event}") from None


class Gate:
    """One gate of one test. Use as ``async with``."""

    def __init__(self, base: base.BedBase, management_url: str) -> None:
        self.journal = fire_journal.Journal()
        self.outside = fire_outside.Outside()
        self.traps: list[Trap] = []
        self.rule: WatchRule | None = None
        self._shut: dict[str, asyncio.Event] = {}
        self.delays: dict[str, float] = {}
        """Seconds that each answer of a Cluster's workload API takes longer, by namespace/name."""
        self.gone: list[str] = []
        """Paths of watches that were told that their version is gone: 410."""
        self.fronts: dict[str, fire_front.Front] = {}
        self._base = base
        self._management_url = management_url
        self._exchanges: set[asyncio.Task[web.StreamResponse]] = set()
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Gate:
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def _open(self) -> None:
        self._stack.push_async_callback(self._settle)
        self._bare = await self._session(fire_front.trusting(self._base.authority))
        self._admin = await self._session(self._base.admin_tls)
        self._management = await self._front(self._manage, self._base.authority)
        self._outside = await self._front(self._serve_outside, None)

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def management_url(self, replica: str) -> str:
        return f"{self._management.url}/{replica}"

    def outside_url(self, replica: str) -> str:
        return f"{self._outside.url}/{replica}"

    def trap(
        self,
        match: fire_journal.Match,
        moment: Moment,
        act: Callable[[fire_journal.Call], Awaitable[bool]],
    ) -> Trap:
        """Set a trap for the first call that matches from now on."""
        trap = Trap(match, moment, act, asyncio.Event())
        self.traps.append(trap)
        return trap

    def shut(self, replica: str) -> None:
        """Hold what this replica asks of the management API from now on; open watches stay."""
        self._shut.setdefault(replica, asyncio.Event())

    def reopen(self, replica: str) -> None:
        """Let through what was held."""
        self._shut.pop(replica).set()

    async def _front(
        self, handle: fire_front.Handler, authority: fire_front.Authority | None
    ) -> fire_front.Front:
        front = fire_front.Front(handle, authority)
        self._stack.push_async_callback(front.close)
        await front.open()
        return front

    async def _settle(self) -> None:
        """End what is still on its way, once nobody can begin anything."""
        for task in self._exchanges:
            task.cancel()
        await asyncio.gather(*self._exchanges, return_exceptions=True)

    async def _session(self, tls: fire_front.Tls) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=0, ssl=tls)
        session = aiohttp.ClientSession(connector=connector, trust_env=False)
        self._stack.push_async_callback(session.close)
        # First, and at once: TLS would wait for the server's farewell, longer than the loop lives.
        self._stack.push_async_callback(connector.close, abort_ssl=True)
        return session

    async def _manage(self, request: web.BaseRequest) -> web.StreamResponse:
        call = await self._noted(request, "management", "")
        if call.replica in self._shut:
            await self._shut[call.replica].wait()
        if call.watch:
            return await self._watch(request, call)
        return await self._through(request, call, self._management_url, self._bare)

    async def _serve_outside(self, request: web.BaseRequest) -> web.StreamResponse:
        call = await self._noted(request, "outside", "")

        async def answer() -> web.Response:
            status, value = self.outside.handle(call)
            return web.json_response(value, status=status)

        return await self._trapped(request, call, answer)

    async def _work(self, cluster: str, request: web.BaseRequest) -> web.StreamResponse:
        call = await self._noted(request, "workload", cluster)
        # Who comes with a token is that token's user; a client certificate ends at the gate.
        session = self._bare if "Authorization" in request.headers else self._admin
        return await self._through(request, call, self.fronts[cluster].upstream, session)

    async def _noted(
        self, request: web.BaseRequest, system: fire_journal.System, cluster: str
    ) -> fire_journal.Call:
        _, replica, path = request.path.split("/", 2)
        return self.journal.note(
            fire_journal.Call(
                replica=replica,
                system=system,
                cluster=cluster,
                method=request.method,
                path=f"/{path}",
                query=dict(request.query),
                content_type=request.content_type,
                body=await request.read(),
            )
        )

    async def _through(
        self,
        request: web.BaseRequest,
        call: fire_journal.Call,
        upstream: str,
        session: aiohttp.ClientSession,
    ) -> web.StreamResponse:
        async def answer() -> web.Response:
            async with session.request(
                call.method,
                upstream + call.path,
                params=call.query,
                data=call.body or None,
                headers=_passed_on(request),
            ) as got:
                body = await self._changed(call, got.status, await got.read())
                await asyncio.sleep(self.delays.get(call.cluster, 0.0))
                headers = _without(got.headers, *_HOP)
                return web.Response(status=got.status, body=body, headers=headers)

        try:
            return await self._trapped(request, call, answer)
        except aiohttp.ClientError:
            return fire_front.abort(request)  # the server is down: the gate is not there either

    async def _trapped(
        self,
        request: web.BaseRequest,
        call: fire_journal.Call,
        answer: Callable[[], Awaitable[web.Response]],
    ) -> web.StreamResponse:
        """Done to its end even if the operator dies meanwhile: the journal must know what was."""
        task = asyncio.create_task(self._exchange(request, call, answer), name=f"gate {call}")
        self._exchanges.add(task)
        task.add_done_callback(self._exchanges.discard)
        return await asyncio.shield(task)

    async def _exchange(
        self,
        request: web.BaseRequest,
        call: fire_journal.Call,
        answer: Callable[[], Awaitable[web.Response]],
    ) -> web.StreamResponse:
        if not await self._pass(call, "before"):
            return fire_front.abort(request)
        response = self._ended(call, await answer())
        if not await self._pass(call, "after"):
            return fire_front.abort(request)
        return response

    def _ended(self, call: fire_journal.Call, response: web.Response) -> web.Response:
        call.status, call.ended = response.status, time.monotonic()
        self.journal.changed()
        return response

    async def _pass(self, call: fire_journal.Call, moment: Moment) -> bool:
        for trap in self.traps:
            if trap.moment == moment and trap.match(call):
                self.traps.remove(trap)
                goes_on = await trap.act(call)
                trap.sprung.set()
                return goes_on
        return True

    async def _changed(self, call: fire_journal.Call, status: int, body: bytes) -> bytes:
        """The kubeconfig of a Cluster, leading through the gate; all else as it is."""
        if call.system != "management" or status != 200 or "/secrets/" not in call.path:
            return body
        if not call.path.endswith("-kubeconfig"):
            return body
        parts = call.path.split("/")
        cluster = f"{parts[-3]}/{parts[-1].removesuffix('-kubeconfig')}"
        secret = json.loads(body)
        config = yaml.safe_load(base64.b64decode(secret["data"]["value"]))
        target = config["clusters"][0]["cluster"]
        if cluster not in self.fronts:

            async def work(request: web.BaseRequest) -> web.StreamResponse:
                return await self._work(cluster, request)

            self.fronts[cluster] = await self._front(work, self._base.authority)
        front = self.fronts[cluster]
        front.upstream = target["server"]
        target["server"] = f"{front.url}/{call.replica}"
        secret["data"]["value"] = base64.b64encode(yaml.safe_dump(config).encode()).decode()
        return json.dumps(secret).encode()

    async def _watch(self, request: web.BaseRequest, call: fire_journal.Call) -> web.StreamResponse:
        try:
            async with self._bare.get(
                self._management_url + call.path,
                params=call.query,
                headers=_passed_on(request),
                timeout=aiohttp.ClientTimeout(total=None),
                read_bufsize=_LINE_BYTES,
            ) as got:
                call.status = got.status
                self.journal.changed()
                response = web.StreamResponse(
                    status=got.status, headers=_without(got.headers, *_HOP)
                )
                if got.status == 410:
                    self.gone.append(call.path)
                try:
                    await response.prepare(request)
                    return await self._lines(request, call, got, response)
                finally:
                    fire_front.abort_upstream(got)
        except (aiohttp.ClientError, ConnectionError):
            return fire_front.abort(request)
        finally:
            call.ended = time.monotonic()

    async def _lines(
        self,
        request: web.BaseRequest,
        call: fire_journal.Call,
        got: aiohttp.ClientResponse,
        response: web.StreamResponse,
    ) -> web.StreamResponse:
        number = 0
        async for line in got.content:
            number += 1
            if b'"type":"ERROR"' in line and b'"code":410' in line:
                self.gone.append(call.path)
            verdict = await self.rule(call, number, line) if self.rule is not None else "pass"
            if verdict == "cut":
                await response.write(line[: len(line) // 2])
                return fire_front.abort(request)
            if verdict != "swallow":
                await response.write(line)
            if verdict == "end":
                break
        await response.write_eof()
        return response


_HOP = ("Content-Length", "Transfer-Encoding", "Content-Encoding", "Connection", "Date")
_PASSED_ON = ("Accept", "Content-Type", "Authorization", "User-Agent")


def _passed_on(request: web.BaseRequest) -> dict[str, str]:
    headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
    return headers | {"Accept-Encoding": "identity"}


def _without(headers: multidict.CIMultiDictProxy[str], *names: str) -> multidict.CIMultiDict[str]:
    left = multidict.CIMultiDict(headers)
    for name in names:
        left.popall(name, None)
    return left
