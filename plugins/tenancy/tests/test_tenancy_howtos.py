"""The how-tos of tenancy, played: without Vault, another store, the plugin removed too early."""

from __future__ import annotations

from collections.abc import Sequence

from akoo_ako.plugin import AkoPlugin
from akoo_avi.plugin import AviPlugin
from akoo_avi.testing import memory_controllers
from akoo_tenancy.plugin import TenancyPlugin
from akoo_tenancy.spec import names, settings

from akoo_core.kube import resource
from akoo_core.plugin import api
from akoo_core.testing import virtual_time
from tests.tenancy.tenancy_fleet import TenancyFleet


class Without(TenancyFleet):
    """A fleet whose passwords are Secrets of the operator's namespace; or without the plugin."""

    selected = True

    def plugins(self) -> Sequence[api.Plugin]:
        clients = memory_controllers(self.addresses, now=self.clock)
        plugins: list[api.Plugin] = [AkoPlugin(), AviPlugin(clients=clients)]
        if self.selected:
            own = memory_controllers(self.addresses, now=self.clock)
            tenancy = TenancyPlugin(settings.Settings(store="Secret"), clients=own)
            tenancy.name = names.PLUGIN
            plugins.append(tenancy)
        return plugins

    def kept(self) -> list[str]:
        listed = (
            obj["metadata"]["name"] for obj in self.fleet.management.objects(resource.SECRETS)
        )
        return [name for name in listed if name.startswith("akoo-kept.tenancy.")]


async def rotate(bed: TenancyFleet) -> None:
    patch = {"metadata": {"annotations": {"tenancy.akoo.io/rotate": "requested"}}}
    name = bed.record("shop").name
    await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, name, patch)


@virtual_time.test
async def test_a_life_without_vault(clock: virtual_time.LoopClock) -> None:
    bed = Without(clock)
    async with bed.fleet:
        await bed.config(rotation={"grace": "1m"})
        await bed.fleet.create_cluster("shop")
        await bed.fleet.until(lambda: bed.is_active("shop", 1), seconds=900)
        assert bed.kept() == [f"akoo-kept.tenancy.clusters.{bed.record('shop').name}"]
        await rotate(bed)
        await bed.fleet.until(lambda: bed.is_active("shop", 2), seconds=900)
        bed.selected = False
        await bed.fleet.restart()
        await bed.fleet.until(lambda: "PluginMissing" in str(bed.conditions("shop")), seconds=900)
        starts = sum(bed.ako("shop").starts.values())
        bed.selected = True
        await bed.fleet.restart()
        await bed.fleet.until(lambda: bed.condition("shop")[0] == "True", seconds=900)
        assert sum(bed.ako("shop").starts.values()) == starts == 2
        await bed.fleet.delete_cluster("shop")
        await bed.fleet.until_phase("shop", "Finished", seconds=1800)
        assert bed.users("shop") == []
        assert bed.refused() == []
        assert bed.vault.calls.total() == 0


@virtual_time.test
async def test_another_store(clock: virtual_time.LoopClock) -> None:
    """The live account is taken into it and replaced, once somebody asks for a rotation."""
    bed = TenancyFleet(clock)
    async with bed.fleet:
        await bed.config(rotation={"grace": "1m"})
        await bed.fleet.create_cluster("shop")
        await bed.fleet.until(lambda: bed.is_active("shop", 1), seconds=900)
        bed.vault.erase()
        await rotate(bed)
        await bed.fleet.until(lambda: bed.is_active("shop", 2), seconds=900)
        await bed.fleet.until(lambda: len(bed.users("shop")) == 1, seconds=1200)
        await bed.fleet.until(lambda: bed.condition("shop")[0] == "True", seconds=900)
        end = bed.after(600)
        await bed.fleet.until(lambda: clock.now() >= end, seconds=900)
        assert sum(bed.ako("shop").starts.values()) == 2
        assert not bed.record("shop").annotations
        assert bed.refused() == []
