"""An operator that watches one namespace: rotations of Clusters elsewhere rest."""

from __future__ import annotations

import asyncio

from akoo_tenancy.spec import settings
from akoo_tenancy.spec.facts import TenancyAccount

from akoo_core import settings as core_settings
from akoo_core import structs
from akoo_core.kube import resource
from akoo_core.plugin import metrics
from akoo_core.testing import fleet, virtual_time
from tests.tenancy.tenancy_fleet import TenancyFleet


@virtual_time.test
async def test_rotations_of_clusters_elsewhere_take_no_turn(clock: virtual_time.LoopClock) -> None:
    """The operator gets a limit while one of them is under way: that one rests."""
    bed = TenancyFleet(clock, chosen=settings.Settings(store="Vault", rotations_at_once=1))
    request = {"metadata": {"annotations": {"tenancy.akoo.io/rotate": "requested"}}}

    def elsewhere() -> TenancyAccount | None:
        record = bed.fleet.record("far", "team-b")
        fact = record.spec.facts.get(TenancyAccount.fact_name) if record is not None else None
        return structs.convert(fact.data, TenancyAccount) if fact is not None else None

    def far_is(phase: str, sequence: int) -> bool:
        account = elsewhere()
        return account is not None and (account.phase, account.sequence) == (phase, sequence)

    async with bed.fleet:
        await bed.config()
        await bed.fleet.create_cluster("shop")
        await bed.fleet.until(lambda: bed.is_active("shop", 1), seconds=900)
        await bed.fleet.create_cluster("far", "team-b")
        await bed.fleet.until(lambda: far_is("Active", 1), seconds=900)
        bed.ako("far").cut_off = True
        far = bed.fleet.record("far", "team-b")
        assert far is not None
        await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, far.name, request)
        await bed.fleet.until(lambda: far_is("Pending", 2), seconds=900)

        limit = core_settings.Settings(
            allowed_secret_namespaces=("avi",), watch_namespace=fleet.NAMESPACE
        )
        await bed.fleet.restart(limit)
        name = bed.record("shop").name
        await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, name, request)
        await bed.fleet.until(lambda: bed.is_active("shop", 2), seconds=900)
        # A change of the record elsewhere: it is seen, and counts as little.
        mark = {"metadata": {"labels": {"team": "b"}}}
        await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, far.name, mark)
        await asyncio.sleep(60)
        await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, name, request)
        await bed.fleet.until(lambda: bed.is_active("shop", 3), seconds=900)
        assert far_is("Pending", 2)
        account = bed.account("shop")
        assert account is not None
        age = {"config": "default"}
        shown = metrics.REGISTRY.get_sample_value("akoo_credential_age_seconds", age)
        assert shown == (clock.now() - account.since).total_seconds()

        await bed.fleet.restart(structs.replace(limit, watch_namespace=""))
        bed.ako("far").cut_off = False
        await bed.fleet.until(lambda: far_is("Active", 2), seconds=900)
