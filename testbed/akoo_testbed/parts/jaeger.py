"""Jaeger: takes spans by OTLP over HTTP, answers its query API.

By default it is the all-in-one of version 1 from its Go module, which cannot carry the UI.
`AKOO_TESTBED_JAEGER` names another program, of version 1 or 2.
"""

import asyncio
import json
import pathlib
import typing

import aiohttp

from akoo_testbed import base, errors
from akoo_testbed.building import build
from akoo_testbed.parts import part
from akoo_testbed.process import ports

MAX_TRACES = 50_000
"""Older ones are forgotten; without a limit it grows for as long as it runs."""

PLACEHOLDER = "This is not the Jaeger UI"
"""Words of the page that a Jaeger without UI serves in its place."""
WITHOUT_UI = f"(no UI: built from source. {build.OWN['jaeger']}=PATH starts yours)"
"""Printed behind the address of such a Jaeger."""

_VERSION_SECONDS = 20.0
_OTLP, _QUERY, _QUERY_GRPC = (
    "collector.otlp.http.host-port",
    "query.http-server.host-port",
    "query.grpc-server.host-port",
)
_LISTENERS = (
    _OTLP,
    _QUERY,
    "collector.otlp.grpc.host-port",
    _QUERY_GRPC,
    "admin.http.host-port",
    "collector.http-server.host-port",
    "collector.grpc-server.host-port",
)


class Jaeger(part.Part):
    """Keeps the spans in memory."""

    def __init__(self, bed_base: base.BedBase) -> None:
        super().__init__(bed_base, "jaeger")
        # All of them, used or not: the defaults would collide with another Jaeger.
        self._ports = {listener: ports.pick() for listener in _LISTENERS}
        self.otlp_url = f"http://127.0.0.1:{self._ports[_OTLP]}"
        """Base URL; spans go to `/v1/traces` below it."""
        self.query_url = f"http://127.0.0.1:{self._ports[_QUERY]}"
        """Base URL; `/api/services`, `/api/traces?service=S`, `/api/traces/ID`."""
        self.has_ui = False
        """A browser sees the UI at `query_url`. Known when it is ready."""
        self._second = False

    def command(self) -> list[str]:
        program = str(self.base.built.binary("jaeger"))
        if self._second:
            file = self.base.folder / "jaeger.json"
            file.write_text(json.dumps(self._settings()))
            return [program, f"--config={file}"]
        return [
            program,
            "--collector.otlp.enabled=true",
            f"--memory.max-traces={MAX_TRACES}",
            *(f"--{listener}=127.0.0.1:{port}" for listener, port in self._ports.items()),
        ]

    async def start(self) -> None:
        program = build.own("jaeger")
        self._second = program is not None and await _is_second(program)
        await super().start()

    async def ready(self) -> None:
        await super().ready()
        self.has_ui = PLACEHOLDER not in await _page(self.query_url)

    @property
    def note(self) -> str:
        """Words to print behind its address; "" where there is a UI."""
        return "" if self.has_ui else WITHOUT_UI

    async def probe(self) -> bool:
        return await part.http_ok(f"{self.query_url}/api/services")

    def _settings(self) -> dict[str, typing.Any]:
        """The settings of version 2, which is an OpenTelemetry collector."""

        def at(listener: str) -> dict[str, str]:
            return {"endpoint": f"127.0.0.1:{self._ports[listener]}"}

        storage = {"memory": {"max_traces": MAX_TRACES}}
        pipeline = {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}
        return {
            "service": {
                "extensions": ["jaeger_storage", "jaeger_query"],
                "pipelines": {"traces": pipeline},
                "telemetry": {"metrics": {"level": "none"}},
            },
            "extensions": {
                "jaeger_storage": {"backends": {"spans": storage}},
                "jaeger_query": {
                    "storage": {"traces": "spans"},
                    "http": at(_QUERY),
                    "grpc": at(_QUERY_GRPC),
                },
            },
            "receivers": {"otlp": {"protocols": {"http": at(_OTLP)}}},
            "exporters": {"jaeger_storage_exporter": {"trace_storage": "spans"}},
        }


async def _is_second(program: pathlib.Path) -> bool:
    """The program is a Jaeger of version 2. Raises PartError where it does not say a version."""
    asked = await asyncio.create_subprocess_exec(
        program,
        "version",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(asked.communicate(), _VERSION_SECONDS)
    except TimeoutError:
        asked.kill()
        await asked.wait()
        output = b""
    if asked.returncode or b"gitVersion" not in output:
        raise errors.PartError(f"{program} is no Jaeger: `{program.name} version` names no version")
    return b'"gitVersion":"v2' in output.replace(b" ", b"")


async def _page(url: str) -> str:
    """The page that a browser gets."""
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
        return await response.text()
