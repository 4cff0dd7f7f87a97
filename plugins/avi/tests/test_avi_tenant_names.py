"""Tenants have names of any script; what is done in them does not depend on the name."""

from __future__ import annotations

import pytest
from akoo_avi.client import calls

from akoo_core.plugin import api
from tests.avi.avi_bed import AviBed

NAMES = ["客户", "Grün", "blue ", " blue", "a,b", "%41", "Отдел/продаж", "x#y", "*", "🙂"]


@pytest.mark.parametrize("name", NAMES)
async def test_objects_in_a_tenant_of_any_name_are_swept_and_proven(name: str) -> None:
    bed = AviBed()
    bed.claim()
    uuid = bed.hand.post("tenant", {"name": name})["uuid"]
    before = bed.controller.snapshot()
    _make_in(bed, uuid)
    assert await bed.sweep() == api.Done(message="Nothing of it is left on avi.example.com.")
    assert not bed.diff(before)
    assert isinstance(await bed.verify(), api.Proof)


def _make_in(bed: AviBed, uuid: str) -> None:
    body = {
        "name": f"{bed.cluster}--red-web",
        "created_by": f"ako-{bed.cluster}",
        "markers": [{"key": "clustername", "values": [bed.cluster]}],
        "cloud_ref": "/api/cloud/?name=Default-Cloud",
    }
    answer = bed.hand.call("POST", "pool", body, x_avi_tenant=None, x_avi_tenant_uuid=uuid)
    assert answer.status == 201


@pytest.mark.parametrize("tenant", ["客户", "blue ", "", "a\r\nb", "a b"])
def test_a_name_is_not_taken_for_a_uuid(tenant: str) -> None:
    with pytest.raises(ValueError, match="is no UUID of a tenant"):
        calls.AviCall(method="GET", path="pool", tenant=tenant)


def test_all_tenants_are_asked_by_name_and_one_by_uuid() -> None:
    assert calls.AviCall(method="GET", path="pool", tenant="*").tenant_header == (
        "X-Avi-Tenant",
        "*",
    )
    call = calls.AviCall(method="GET", path="pool", tenant="tenant-1")
    assert call.tenant_header == ("X-Avi-Tenant-UUID", "tenant-1")
