"""A real Prometheus scrapes /metrics of an operator in memory, and its alerts come and go.

The alerts are those of deploy/monitoring without the time that they wait: that time is promtool's.
"""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import yaml
from akoo_testbed.process import ports

from akoo_core import testing
from akoo_core.health import readiness, server
from akoo_core.kube import errors
from akoo_core.plugin import api
from akoo_core.testing import virtual_time
from tests.unit.signals import promtool

RULES = promtool.ROOT / "deploy/monitoring/rules.yaml"
PATIENCE_SECONDS = 120.0
LABELS = {"namespace": "akoo-system", "pod": "akoo-core-0"}

pytestmark = pytest.mark.skipif(promtool.binary("prometheus") is None, reason=promtool.MISSING)


class Story(api.Plugin):
    """Refused for the cluster called refused; an object of somebody else holds one that leaves."""

    name = "story"

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        cluster = ctx.view.cluster
        if cluster is not None and cluster.name == "refused":
            return api.Blocked(reason="CredentialRefused", message="The password is wrong.")
        return api.Done()

    @api.hookimpl
    async def verify(self, ctx: api.VerbContext) -> api.Proof:
        return api.Proof(own=1, held=1, held_by="pool web", queries=("pools",))


class Prometheus:
    """A running Prometheus: its alerts and its answers."""

    def __init__(self, address: str, session: aiohttp.ClientSession) -> None:
        self._address = address
        self._session = session

    async def ask(self, path: str, **parameters: str) -> Any:
        url = f"http://{self._address}/api/v1/{path}"
        async with self._session.get(url, params=parameters) as answer:
            return (await answer.json())["data"]

    async def firing(self) -> set[tuple[str, str]]:
        """Name and reason or resource of each alert that fires."""
        alerts = (await self.ask("alerts"))["alerts"]
        return {
            (each["labels"]["alertname"], each["labels"].get("reason", ""))
            for each in alerts
            if each["state"] == "firing"
        }

    async def until(self, name: str, *, fires: bool) -> None:
        """Wait until an alert of that name fires, or until none does."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (name in {each for each, _ in await self.firing()}) is not fires:  # noqa: ASYNC110
                await asyncio.sleep(0.2)


def _rules_without_waiting(file: pathlib.Path) -> None:
    content = yaml.safe_load(RULES.read_text())
    for group in content["groups"]:
        for rule in group["rules"]:
            rule["for"] = "0s"
    file.write_text(yaml.safe_dump(content))


@contextlib.asynccontextmanager
async def _prometheus(folder: pathlib.Path, target: str) -> AsyncIterator[Prometheus]:
    command = promtool.binary("prometheus")
    assert command is not None
    _rules_without_waiting(folder / "rules.yaml")
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [
            {"job_name": "akoo-core", "static_configs": [{"targets": [target], "labels": LABELS}]}
        ],
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    port = ports.pick()
    address = f"127.0.0.1:{port}"
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            command,
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
            stdout=log,
            stderr=log,
        )
    try:
        async with aiohttp.ClientSession() as session:
            await _until_ready(session, address, process)
            yield Prometheus(address, session)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        ports.release(port)


async def _until_ready(
    session: aiohttp.ClientSession, address: str, process: asyncio.subprocess.Process
) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            assert process.returncode is None, "prometheus ended; its log is in the test's folder"
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"http://{address}/-/ready") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def _metrics(clock: virtual_time.LoopClock) -> AsyncIterator[str]:
    serving = server.HealthServer(readiness.Readiness(), clock=clock, host="127.0.0.1", port=0)
    await serving.start()
    try:
        yield f"127.0.0.1:{serving.port}"
    finally:
        await serving.stop()


async def test_three_alerts_fire_and_end_with_their_causes(tmp_path: pathlib.Path) -> None:
    clock = virtual_time.LoopClock(asyncio.get_running_loop())
    async with (
        _metrics(clock) as target,
        _prometheus(tmp_path, target) as prometheus,
        testing.Fleet(clock, lambda: [Story()]) as fleet,
    ):
        await fleet.create_config()
        await fleet.create_cluster("refused")
        await prometheus.until("AkooAviCredentialRefused", fires=True)

        await fleet.create_cluster("held")
        await fleet.until_phase("held", "Running", seconds=PATIENCE_SECONDS)
        await fleet.delete_cluster("held")
        await prometheus.until("AkooForeignReference", fires=True)
        refusal = errors.ForbiddenError("not allowed to watch")
        fleet.management.faults.before("watch *", refusal, times=1_000_000)
        fleet.management.watches.end(errors.UnreachableError("reset"))
        await prometheus.until("AkooWatchFails", fires=True)
        assert {
            ("AkooAviCredentialRefused", "CredentialRefused"),
            ("AkooForeignReference", "ForeignReference"),
        } <= await prometheus.firing()

        groups = (await prometheus.ask("rules"))["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        assert {rule["health"] for rule in rules} == {"ok"}
        (scraped,) = (await prometheus.ask("query", query="up"))["result"]
        assert scraped["value"][1] == "1"

        await fleet.stop()
        await prometheus.until("AkooWatchFails", fires=False)
