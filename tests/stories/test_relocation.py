"""Address, cloud and tenant are edited in mid-life, with and without a typing mistake."""

from __future__ import annotations

from tests.stories.scene import Scene
from tests.stories.setting import condition
from tests.stories.telling import proof, story


@story
async def test_cloud_edited(s: Scene) -> None:
    """Everything leaves the old cloud and comes up in the new one."""
    await s.lives()
    cloud = s.second_cloud()
    s.remember()
    await s.change_config(cloudName=f"{cloud}x")
    record = await s.says("AviReady", "CloudNotFound")
    assert cloud in condition(record, "AviReady")["message"]
    s.untouched()
    await s.say(confirm_removal="yes")
    await s.change_config(cloudName=cloud)
    await s.relocated()
    await s.delete()
    await s.ends()


@proof
@story
async def test_tenant_edited(s: Scene) -> None:
    """Everything leaves the old tenant and comes up in the new one."""
    await s.lives()
    tenant = s.second_tenant()
    s.remember()
    await s.change_config(tenant={"name": f"{tenant}x"})
    await s.says("AviReady", "TenantNotFound")
    s.untouched()
    await s.say(confirm_removal="yes")
    await s.change_config(tenant={"name": tenant})
    await s.relocated()
    await s.delete()
    await s.ends()


@proof
@story
async def test_address_edited(s: Scene) -> None:
    """The same controller by another name is no other place: nothing is taken away."""
    await s.lives()
    before = s.avi.of(s.x)
    await s.change_config(controller="127.0.0.1:1")
    await s.says("AviReady", "ControllerUnreachable")
    assert s.avi.of(s.x) == before
    await s.change_config(controller=s.avi.other_address)
    await s.record(
        lambda record: (
            record["spec"]["intents"]["avi"]["data"]["reach"]["address"] == s.avi.other_address
        )
    )
    assert s.avi.of(s.x) == before
    await s.delete()
    await s.ends(address=s.avi.other_address)
