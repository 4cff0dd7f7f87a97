"""A fleet whose clusters begin with the account of a reference: an ordinary user of others."""

from __future__ import annotations

from typing import Any, Final

from akoo_testbed.avisim import client

from akoo_core import external
from akoo_core.kube import resource
from akoo_core.testing import builders, virtual_time
from tests.tenancy import tenancy_fleet
from tests.tenancy.tenancy_fleet import TenancyFleet

OLD: Final = "shop-team-a-ako-user"
PASSWORD: Final = "password-of-the-former-account"
REFERENCE: Final[dict[str, Any]] = {"workloadCredentialRef": {"name": "old", "namespace": "avi"}}


def fleet(clock: virtual_time.LoopClock, *, seam: external.External | None = None) -> TenancyFleet:
    """The fleet, with the former user and its Secret."""
    bed = TenancyFleet(clock, seam=seam)
    bed.fleet.management.seed(builders.secret("avi", "old", username=OLD, password=PASSWORD))
    make(bed)
    return bed


def make(bed: TenancyFleet) -> None:
    """Make the former user, with a role that many share."""
    hand = client.Client(bed.avi, password=tenancy_fleet.PASSWORD)
    roles = hand.get("role?name=Application-Operator")["results"]
    tenant = hand.get("tenant?name=admin")["results"][0]
    access = [{"role_ref": role["url"], "tenant_ref": tenant["url"]} for role in roles]
    hand.post("user", {"name": OLD, "password": PASSWORD, "access": access})


def exists(bed: TenancyFleet) -> bool:
    """The former user is on the controller."""
    return any(obj.name == OLD for obj in bed.avi.state.objects.of_kind("user"))


def delete(bed: TenancyFleet) -> None:
    """A person deletes the former user."""
    hand = client.Client(bed.avi, password=tenancy_fleet.PASSWORD)
    (row,) = hand.get(f"user?name={OLD}")["results"]
    hand.delete(f"user/{row['uuid']}")


async def referring(bed: TenancyFleet) -> None:
    """A cluster whose AKO works with the account of the reference."""
    await bed.config(REFERENCE, rotation={"grace": "10m"})
    await bed.fleet.create_cluster("shop")
    await bed.fleet.until(
        lambda: "shop" in str(bed.akos) and bed.ako("shop").starts[OLD] == 1, seconds=900
    )


async def release(bed: TenancyFleet) -> None:
    """A person says that the former account was made for the cluster alone."""
    annotations = {"tenancy.akoo.io/remove-former-account": "made-for-this-cluster"}
    patch = {"metadata": {"annotations": annotations}}
    await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, bed.record("shop").name, patch)


def end_sessions(bed: TenancyFleet) -> None:
    """Sessions of processes that are gone reach their end."""
    bed.avi.state.accounts.sessions.clear()
