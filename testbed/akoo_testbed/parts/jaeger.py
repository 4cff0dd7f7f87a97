"""Jaeger all-in-one: takes spans by OTLP over HTTP, answers its query API."""

from akoo_testbed import base, ports
from akoo_testbed.parts import part

MAX_TRACES = 50_000
"""Older ones are forgotten; without a limit it grows for as long as it runs."""

_LISTENERS = (
    "collector.otlp.http.host-port",
    "query.http-server.host-port",
    "collector.otlp.grpc.host-port",
    "query.grpc-server.host-port",
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
        self.otlp_url = f"http://127.0.0.1:{self._ports['collector.otlp.http.host-port']}"
        """Base URL; spans go to `/v1/traces` below it."""
        self.query_url = f"http://127.0.0.1:{self._ports['query.http-server.host-port']}"
        """Base URL; `/api/services`, `/api/traces?service=S`, `/api/traces/ID`."""

    def command(self) -> list[str]:
        return [
            str(self.base.built.binary("jaeger")),
            "--collector.otlp.enabled=true",
            f"--memory.max-traces={MAX_TRACES}",
            *(f"--{listener}=127.0.0.1:{port}" for listener, port in self._ports.items()),
        ]

    async def probe(self) -> bool:
        return await part.http_ok(f"{self.query_url}/api/services")
