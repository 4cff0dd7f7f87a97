"""Probes and metrics, over HTTP."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest

from akoo_core import clock, errors
from akoo_core.health import readiness, server, ticker
from akoo_core.telemetry import metrics


class Running:
    def __init__(self) -> None:
        self.clock = clock.ManualClock()
        self.readiness = readiness.Readiness()
        self.server = server.HealthServer(
            self.readiness, clock=self.clock, host="127.0.0.1", port=0
        )

    async def get(self, path: str, **headers: str) -> tuple[int, str, str]:
        url = f"http://127.0.0.1:{self.server.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
            return answer.status, await answer.text(), answer.headers["Content-Type"]


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    probed = Running()
    await probed.server.start()
    yield probed
    await probed.server.stop()
    await probed.server.stop()


async def test_healthz_fails_after_a_stall(running: Running) -> None:
    assert (await running.get("/healthz"))[:2] == (200, "ok\n")
    running.clock.advance(ticker.STALL_SECONDS + ticker.INTERVAL_SECONDS + 1)
    status, text, _ = await running.get("/healthz")
    assert (status, text) == (500, "event loop stalled for 11 s\n")
    running.server.ticker.tick()
    assert (await running.get("/healthz"))[0] == 200


async def test_readyz_says_what_is_missing(running: Running) -> None:
    assert (await running.get("/readyz"))[0] == 200
    missing = ["the API server has no AKODeploymentConfig"]
    running.readiness.add("crds", lambda: missing[0])
    running.readiness.set("caches")
    assert (await running.get("/readyz"))[:2] == (
        503,
        "[-] crds: the API server has no AKODeploymentConfig\n[+] caches\nnot ready\n",
    )
    missing[0] = ""
    assert (await running.get("/readyz"))[:2] == (200, "[+] crds\n[+] caches\nready\n")
    running.readiness.set("caches", "stopping")
    assert (await running.get("/readyz"))[0] == 503
    running.readiness.remove("caches")
    assert (await running.get("/readyz"))[0] == 200


async def test_a_broken_check_is_not_ready_and_not_quoted(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> str:
        raise ValueError("hunter2")

    running.readiness.add("odd", broken)
    with caplog.at_level(logging.ERROR):
        status, text, _ = await running.get("/readyz")
    assert status == 503
    assert "hunter2" not in text
    assert "readiness check failed" in caplog.text


async def test_the_process_shows_its_own_use(running: Running) -> None:
    _, text, _ = await running.get("/metrics")
    values = {
        line.split()[0]: float(line.split()[-1]) for line in text.splitlines() if "#" not in line
    }
    for name in (
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        "process_start_time_seconds",
        "process_open_fds",
        "process_max_fds",
    ):
        assert values[name] > 0, name


async def test_metrics_in_both_formats(running: Running) -> None:
    metrics.QUEUE_DEPTH.labels("health-test").set(3)
    status, text, kind = await running.get("/metrics")
    assert status == 200
    assert kind.startswith("text/plain")
    assert 'workqueue_depth{name="health-test"} 3.0' in text
    _, text, kind = await running.get("/metrics", Accept="application/openmetrics-text")
    assert kind.startswith("application/openmetrics-text")
    assert text.endswith("# EOF\n")


async def test_a_port_that_is_taken(running: Running) -> None:
    other = server.HealthServer(
        readiness.Readiness(), clock=clock.ManualClock(), host="127.0.0.1", port=running.server.port
    )
    with pytest.raises(errors.InputError, match=r"health\.port"):
        await other.start()


def test_lateness_is_observed() -> None:
    now = clock.ManualClock()
    late_ticker = ticker.Ticker(now)
    before = _blocked()
    now.advance(ticker.INTERVAL_SECONDS + 3)
    late_ticker.tick()
    assert _blocked() == pytest.approx(before + 3)


def _blocked() -> float:
    value = metrics.REGISTRY.get_sample_value("akoo_event_loop_blocked_seconds_sum")
    return value or 0.0
