"""A controller on which the roles of a user in one tenant do not add up."""

from __future__ import annotations

import pytest

from akoo_core.testing import virtual_time
from tests.tenancy.tenancy_fleet import TenancyFleet


@pytest.mark.parametrize("roles", ["first", "add-up"])
def test_isolation_is_reduced_where_roles_do_not_add_up(roles: str) -> None:
    """The probe sees it: AKO works with VMware's role, and the condition says what that means."""

    @virtual_time.test
    async def play(clock: virtual_time.LoopClock) -> None:
        bed = TenancyFleet(clock)
        bed.avi.state.switches["several-roles"] = roles
        async with bed.fleet:
            await bed.config(rotation={"grace": "10m"})
            await bed.fleet.create_cluster("shop")
            await bed.fleet.until(lambda: bed.is_active("shop", 1), seconds=900)
            await bed.fleet.until(lambda: bed.condition("shop")[0] == "True", seconds=900)
            account = bed.account("shop")
            assert account is not None
            reduced = roles == "first"
            assert account.rights.isolation == ("Vendor" if reduced else "Marker")
            await bed.fleet.until(lambda: "Account 1" in bed.condition("shop")[2], seconds=900)
            message = bed.condition("shop")[2]
            assert (
                "IsolationReduced: The roles of a user in one tenant do not add up" in message
            ) is (reduced)
            assert bed.refused() == []

    play()
