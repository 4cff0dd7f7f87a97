"""Random misfortunes in the life of an account: the store, the controller, the operator and AKO.

Whatever happens, no login of AKO is refused, the account in avi-secret is valid at every moment,
and when it is over one account is left, in use. ``AKOO_PROOF=1`` plays many more lives.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Iterator

import pytest
from akoo_tenancy.store.calls import LostError, Route, VaultAnswer
from akoo_testbed.avisim import faults

from akoo_core.kube import errors, resource
from akoo_core.testing import virtual_time
from tests.tenancy import tenancy_crashes
from tests.tenancy.tenancy_crashes import Watch
from tests.tenancy.tenancy_fleet import NAMESPACE, TenancyFleet

pytestmark = pytest.mark.usefixtures("soon")
LIVES = range(300 if os.environ.get("AKOO_PROOF") else 2)
MISFORTUNES = 30
KINDS = ("user", "role", "useractivity", "*")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "*")
ROUTES = (Route.READ, Route.WRITE, Route.DESTROY, Route.KUBERNETES)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def bad_controller(bed: TenancyFleet, rng: random.Random) -> None:
    """A request of the operator goes wrong: with its effect, or without."""
    answer = rng.choice(("stale", "broken", "drop"))
    bed.avi.faults.add(
        faults.Fault(
            answer="" if answer == "drop" else answer,
            drop=answer == "drop",
            after=rng.random() < 0.5 and answer != "stale",
            lose_sessions=rng.random() < 0.1,
            kind=rng.choice(KINDS),
            method=rng.choice(METHODS),
            user="admin",
            times=rng.randint(1, 3),
        )
    )


def bad_store(bed: TenancyFleet, rng: random.Random) -> None:
    """A request to the store goes wrong, or the store is away for a while."""
    match rng.randrange(5):
        case 0:
            bed.vault.lose_replies(rng.choice(ROUTES), times=rng.randint(1, 2))
        case 1:
            lost = LostError("the connection was cut", sent=False)
            bed.vault.fail(lost, rng.choice(ROUTES), times=rng.randint(1, 2))
        case 2:
            broken = VaultAnswer(status=500, body={"errors": ["internal error"]})
            bed.vault.fail(broken, rng.choice(ROUTES), times=rng.randint(1, 2))
        case 3:
            bed.vault.lose_tokens()
        case _:
            bed.vault.seal()
            asyncio.get_running_loop().call_later(rng.uniform(5, 60), bed.vault.unseal)


async def misfortune(bed: TenancyFleet, rng: random.Random) -> None:
    match rng.randrange(10):
        case 0 | 1 | 2:
            bad_controller(bed, rng)
        case 3 | 4 | 5:
            bad_store(bed, rng)
        case 6:
            await bed.fleet.restart()
        case 7:
            await bed.fleet.stop()
            await asyncio.sleep(rng.uniform(1, 30))
            await bed.fleet.restart()
        case 8:
            await _restart_ako(bed)
        case _:
            value = rng.choice(("requested", "compromised"))
            patch = {"metadata": {"annotations": {"tenancy.akoo.io/rotate": value}}}
            name = bed.record("shop").name
            await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, name, patch)


async def _restart_ako(bed: TenancyFleet) -> None:
    server = bed.fleet.workload("shop")
    if server is None:
        return
    for pod in server.objects(resource.PODS, NAMESPACE):
        try:
            await server.client(system="others").delete(
                resource.PODS, pod["metadata"]["name"], NAMESPACE
            )
        except errors.NotFoundError:
            continue


@pytest.mark.parametrize("life", LIVES)
def test_nothing_locks_an_ako_out(life: int) -> None:
    rng = random.Random(life)

    @virtual_time.test
    async def play(clock: virtual_time.LoopClock) -> None:
        bed = TenancyFleet(clock)
        watch = Watch(bed)
        async with bed.fleet:
            await bed.config(rotation=tenancy_crashes.MINUTELY)
            await bed.fleet.create_cluster("shop")
            await bed.fleet.until(lambda: bed.fleet.record("shop") is not None)
            for _ in range(MISFORTUNES):
                await misfortune(bed, rng)
                for _ in range(rng.randint(1, 10)):
                    await asyncio.sleep(3)
                    watch.look()
            bed.avi.faults.clear()
            bed.vault.heal()
            bed.vault.unseal()
            long = {"plugins": {"tenancy": {"rotation": {"every": "30d"}}}}
            await bed.fleet.change_config(long)

            def settled() -> bool:
                watch.look()
                account = bed.account("shop")
                return (
                    account is not None
                    and (account.phase, account.retiring_at) == ("Active", None)
                    and len(bed.users("shop")) == 1
                    and bed.condition("shop")[0] == "True"
                )

            await bed.fleet.until(settled, seconds=3600)
            assert watch.broken == []
            assert bed.refused() == []
            current = bed.journal("shop")
            assert current is not None
            assert current.highest >= 2

    random.seed(life)
    play()
