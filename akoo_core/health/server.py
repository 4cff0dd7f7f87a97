"""The HTTP server of probes and metrics. It calls nothing outside of this process."""

from __future__ import annotations

from aiohttp import web
from prometheus_client import exposition

from akoo_core import errors
from akoo_core.clock import Clock
from akoo_core.health.readiness import Readiness
from akoo_core.health.ticker import Ticker
from akoo_core.health.watchdog import Watchdog
from akoo_core.telemetry import metrics, redaction


class HealthServer:
    """Serves /healthz, /readyz and /metrics from ``start`` to ``stop``.

    Start it before anything that may wait, and stop it last. ``port`` 0 picks a free port.
    """

    def __init__(
        self,
        readiness: Readiness,
        *,
        clock: Clock,
        host: str = "0.0.0.0",  # noqa: S104 probes come from outside of the Pod
        port: int = 8081,
    ) -> None:
        self.ticker = Ticker(clock)
        self._watchdog = Watchdog(self.ticker)
        self._readiness = readiness
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The actual port, once started."""
        if self._runner is None or not self._runner.addresses:
            return self._port
        port: int = self._runner.addresses[0][1]
        return port

    async def start(self) -> None:
        """Listen. Raises InputError when the port is not available."""
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self.stop()
            raise errors.InputError(
                f"health.port: cannot listen on {self._host}:{self._port} ({error.strerror}). "
                "Is another akoo-core running? Choose another port."
            ) from error
        self.ticker.start()
        self._watchdog.start()

    async def stop(self) -> None:
        """Stop listening. Safe to call twice."""
        self._watchdog.stop()
        await self.ticker.stop()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        if self.ticker.alive:
            return web.Response(text="ok\n")
        stalled = self.ticker.stalled_seconds
        return web.Response(text=f"event loop stalled for {stalled:.0f} s\n", status=500)

    async def _readyz(self, _: web.Request) -> web.Response:
        states = self._readiness.states()
        lines = [f"[+] {s.name}" if s.ready else f"[-] {s.name}: {s.reason}" for s in states]
        ready = all(state.ready for state in states)
        lines.append("ready" if ready else "not ready")
        text = redaction.redact("\n".join(lines)) + "\n"
        return web.Response(text=text, status=200 if ready else 503)

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = exposition.choose_encoder(request.headers.get("Accept", ""))
        body: bytes = encode(metrics.REGISTRY)
        return web.Response(body=body, headers={"Content-Type": content_type})
