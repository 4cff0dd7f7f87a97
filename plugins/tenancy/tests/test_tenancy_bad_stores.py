"""A store that is wrong: one condition with a cure, nothing half-made, and it goes on by itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

import pytest
from akoo_tenancy.store import errors
from akoo_tenancy.store.calls import LostError, VaultAnswer
from akoo_tenancy.testing.store import JWT, JWT_FILE, VAULT, MemoryVault, refusal

from akoo_core.testing import virtual_time
from tests.tenancy.tenancy_fleet import SOON, TenancyFleet

pytestmark = pytest.mark.usefixtures("soon")
MOUNT = VAULT.mount


class Trouble(NamedTuple):
    """A fault of the store, and the condition that it becomes."""

    break_it: Callable[[MemoryVault], object]
    reason: str
    cure: str
    """A part of the message: the deed of a person."""


def failing(answer: VaultAnswer | LostError | errors.MisconfiguredError) -> Callable[..., None]:
    return lambda server: server.fail(answer)


def with_mount(name: str | None) -> Callable[..., None]:
    return lambda server: setattr(server, "mount", name)


TROUBLES = {
    "sealed": Trouble(MemoryVault.seal, "StoreSealed", "Unseal it"),
    "away": Trouble(
        failing(LostError("nobody accepts connections there", sent=False)),
        "StoreUnreachable",
        "Check the address",
    ),
    "wrong CA": Trouble(
        failing(errors.MisconfiguredError("It is not trusted. Correct caFile.")),
        "StoreMisconfigured",
        "Correct caFile",
    ),
    "redirecting": Trouble(
        failing(VaultAnswer(status=302, location="https://sso.example/")),
        "StoreMisconfigured",
        "redirects to sso.example",
    ),
    "standby": Trouble(
        failing(VaultAnswer(status=307, location="https://10.0.0.2:8200/v1/akoo/data/a")),
        "StoreFailing",
        "name the active node",
    ),
    "page of a proxy": Trouble(
        failing(VaultAnswer(status=200)), "StoreMisconfigured", "let the proxy pass"
    ),
    "mount missing": Trouble(with_mount(None), "StoreMisconfigured", "Make a KV mount"),
    "version 1": Trouble(
        lambda server: setattr(server, "kv_version", 1),
        "StoreMisconfigured",
        "enable-versioning",
    ),
    "namespace missing": Trouble(
        failing(refusal(404, "namespace not found")), "StoreMisconfigured", "vault.namespace"
    ),
    "role missing": Trouble(
        lambda server: setattr(server, "role", "another"),
        "StoreLoginFailed",
        "Check mount and role",
    ),
    "login missing": Trouble(
        lambda server: setattr(server, "login_mount", None),
        "StoreLoginFailed",
        "Check mount and role",
    ),
    "policy too narrow": Trouble(
        lambda server: server.denied.add(f"{MOUNT}/data/"),
        "StoreDenied",
        "Add this to the policy of the operator's role",
    ),
    "token file missing": Trouble(
        lambda server: server.files.pop(JWT_FILE), "StoreMisconfigured", JWT_FILE
    ),
    "throttled": Trouble(
        failing(refusal(429, "rate limit quota exceeded")), "StoreThrottled", "slow down"
    ),
    "audit devices": Trouble(failing(refusal(500, "internal error")), "StoreFailing", "audit"),
}
NEW_ONLY = frozenset({"version 1"})
"""Seen at the first call of a process."""
PROOF = pytest.mark.skipif(not os.environ.get("AKOO_PROOF"), reason="long: AKOO_PROOF=1")


def mend(server: MemoryVault) -> None:
    """Undo every trouble."""
    server.unseal()
    server.heal()
    server.denied.clear()
    server.mount, server.kv_version = MOUNT, 2
    server.role, server.login_mount = "akoo-core", "kubernetes"
    server.files[JWT_FILE] = JWT


async def until(bed: TenancyFleet, condition: Callable[[], bool], seconds: float = 1800) -> None:
    try:
        await bed.fleet.until(condition, seconds=seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}: {bed.conditions('shop')} {bed.account('shop')}") from error


def shows(bed: TenancyFleet, trouble: Trouble) -> bool:
    """True if the condition has cause and cure."""
    status, reason, message = bed.condition("shop")
    text = f"{reason}: {message}"
    return status != "True" and trouble.reason in text and trouble.cure in text


async def onboard_with(bed: TenancyFleet, troubles: list[Trouble]) -> None:
    """A new cluster meets all troubles, one after the other, before its first account."""
    troubles[0].break_it(bed.vault)
    async with bed.fleet:
        await bed.config()
        await bed.fleet.create_cluster("shop")
        await until(bed, lambda: bed.fleet.record("shop") is not None)
        for trouble in troubles:
            mend(bed.vault)
            bed.vault.lose_tokens()
            trouble.break_it(bed.vault)
            await until(bed, lambda trouble=trouble: shows(bed, trouble))  # type: ignore[misc]
            assert bed.users("shop") == [], "nothing is half-made"
            assert bed.vault.histories == {}
        mend(bed.vault)
        await until(bed, lambda: bed.is_active("shop", 1))
        await until(bed, lambda: bed.condition("shop")[0] == "True")
        assert bed.refused() == []


async def rotate_with(bed: TenancyFleet, troubles: list[Trouble]) -> None:
    """A cluster whose rotation meets all troubles, one after the other."""
    async with bed.fleet:
        await bed.config(rotation=SOON)
        await bed.fleet.create_cluster("shop")
        await until(bed, lambda: bed.is_active("shop", 1))
        await until(bed, lambda: bed.condition("shop")[0] == "True")
        for trouble in troubles:
            mend(bed.vault)
            bed.vault.lose_tokens()
            trouble.break_it(bed.vault)
            await until(bed, lambda trouble=trouble: shows(bed, trouble), 7200)  # type: ignore[misc]
            assert bed.condition("shop")[1] == "RotationDelayed"
            assert len(bed.users("shop")) == 1, "nothing is half-made"
            assert sum(bed.ako("shop").starts.values()) == 1, "AKO goes on"
        mend(bed.vault)
        await until(bed, lambda: bed.is_active("shop", 2), 7200)
        await until(bed, lambda: bed.condition("shop")[0] == "True")
        assert sum(bed.ako("shop").starts.values()) == 2
        assert bed.refused() == []


@virtual_time.test
async def test_a_first_account_waits_for_a_good_store(clock: virtual_time.LoopClock) -> None:
    await onboard_with(TenancyFleet(clock), list(TROUBLES.values()))


@virtual_time.test
async def test_a_rotation_waits_for_a_good_store(clock: virtual_time.LoopClock) -> None:
    troubles = [trouble for name, trouble in TROUBLES.items() if name not in NEW_ONLY]
    await rotate_with(TenancyFleet(clock), troubles)


@PROOF
@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
@pytest.mark.parametrize("play", [onboard_with, rotate_with])
def test_each_trouble_alone(
    trouble: Trouble, play: Callable[[TenancyFleet, list[Trouble]], object]
) -> None:
    if play is rotate_with and trouble is TROUBLES["version 1"]:
        return

    @virtual_time.test
    async def run(clock: virtual_time.LoopClock) -> None:
        await play(TenancyFleet(clock), [trouble])  # type: ignore[misc]

    run()
