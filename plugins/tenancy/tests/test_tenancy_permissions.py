"""The operator's own role on Avi, as the documentation prints it, suffices for the whole life of an
account, and each right that the page adds for tenancy is needed."""

from __future__ import annotations

import contextlib
import pathlib
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from akoo_core import structs
from akoo_core.kube import resource
from akoo_core.testing import builders, virtual_time
from tests.tenancy.tenancy_fleet import PASSWORD, SOON, TenancyFleet

pytestmark = pytest.mark.usefixtures("soon")
PAGE = pathlib.Path(__file__).parents[3] / "docs/how-to/avi-permissions.md"
HEADING = "## With the tenancy plugin"
Json = dict[str, Any]


def documented() -> tuple[Json, Json, list[Json]]:
    """Role and user of the page, and the rights that it adds for tenancy."""
    text = PAGE.read_text()
    examples = re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    role, user = (structs.decode_json(example) for example in examples)
    section = text.partition(HEADING)[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(PERMISSION_\w+)` \| `(\w+)` \|", section, re.MULTILINE)
    return role, user, [{"resource": name, "type": level} for name, level in rows]


def privileges(*without: str) -> list[Json]:
    """All rights of the page but these."""
    role, _, more = documented()
    levels = {each["resource"]: each["type"] for each in (*role["privileges"], *more)}
    return [
        {"resource": name, "type": level} for name, level in levels.items() if name not in without
    ]


@contextlib.asynccontextmanager
async def operating(
    clock: virtual_time.LoopClock, rights: list[Json]
) -> AsyncIterator[TenancyFleet]:
    """A fleet whose operator has an account with these rights."""
    bed = TenancyFleet(clock)
    role, user, _ = documented()
    bed.hand.post("role", {**role, "privileges": rights})
    bed.hand.post("user", {**user, "password": PASSWORD})
    async with bed.fleet:
        secret = builders.secret("avi", "admin", username=user["name"], password=PASSWORD)
        await bed.fleet.user.merge_patch(resource.SECRETS, "admin", {"data": secret["data"]}, "avi")
        await bed.config(rotation=SOON)
        await bed.fleet.create_cluster("shop")
        yield bed


@virtual_time.test
async def test_the_documented_role_suffices(clock: virtual_time.LoopClock) -> None:
    async with operating(clock, privileges()) as bed:
        await bed.fleet.until(lambda: bed.is_active("shop", 1), seconds=1800)
        await bed.fleet.until(lambda: bed.is_active("shop", 2), seconds=7200)
        name = bed.record("shop").name
        await bed.fleet.until(lambda: len(bed.users_of(name)) == 1, seconds=1800)
        assert bed.refused() == []
        await bed.fleet.delete_cluster("shop")
        await bed.fleet.until_gone("shop")
        leaving = bed.record("shop").spec.leaving
        assert leaving is not None
        assert leaving.fence is not None
        assert leaving.fence.grade == "Revoked"
        await bed.fleet.until_phase("shop", "Finished")
        assert bed.users_of(name) == []
        assert bed.roles_of(name) == []


@pytest.mark.parametrize("right", [each["resource"] for each in documented()[2]])
def test_each_right_that_is_added_is_needed(right: str) -> None:
    """With the right as it is without tenancy, there is no account."""
    kept = [each for each in documented()[0]["privileges"] if each["resource"] == right]
    assert kept

    @virtual_time.test
    async def play(clock: virtual_time.LoopClock) -> None:
        async with operating(clock, [*privileges(right), *kept]) as bed:
            end = bed.after(600)
            await bed.fleet.until(lambda: clock.now() >= end, seconds=900)
            assert bed.condition("shop")[0] == "False"
            assert not bed.is_active("shop", 1)

    play()
