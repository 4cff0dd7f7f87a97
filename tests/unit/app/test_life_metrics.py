"""Metrics of a cluster that has left."""

from __future__ import annotations

from akoo_core import testing
from akoo_core.plugin import api
from akoo_core.telemetry import metrics
from akoo_core.testing import virtual_time


class Proves(api.Plugin):
    name = "proves"

    @api.hookimpl
    async def verify(self, ctx: api.VerbContext) -> api.Proof:
        return api.Proof(own=0, queries=("nothing was made",))


@virtual_time.test
async def test_a_cleanup_is_counted_once_with_its_seconds(clock: virtual_time.LoopClock) -> None:
    def sample(name: str) -> float:
        return metrics.REGISTRY.get_sample_value(name) or 0.0

    count, total = sample("akoo_cleanup_seconds_count"), sample("akoo_cleanup_seconds_sum")
    async with testing.Fleet(clock, lambda: [Proves()]) as fleet:
        await fleet.create_config()
        await fleet.create_cluster("shop")
        await fleet.until_phase("shop", "Running")
        assert sample("akoo_cleanup_seconds_count") == count
        before = clock.monotonic()
        await fleet.delete_cluster("shop")
        await fleet.until_gone("shop")
        assert sample("akoo_cleanup_seconds_count") == count + 1
        assert 0 < sample("akoo_cleanup_seconds_sum") - total <= clock.monotonic() - before
