"""Deletion counts by the reading after it, not by the answer to a DELETE."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_avi.cleanup import passes, sweep
from akoo_avi.ownership import kinds
from akoo_avi.testing import MemoryAvi
from akoo_testbed.avisim import faults

from akoo_core.plugin import api
from tests.avi.avi_bed import PASSWORD, AviBed, X

MISSING = faults.Fault(answer="not-found", method="DELETE", kind="pool", times=None)


def deletes(bed: AviBed, since: int) -> int:
    return len(bed.controller.journal.entries(since=since, method="DELETE"))


async def test_a_404_for_what_is_listed_is_no_progress_and_says_what_to_grant() -> None:
    bed = AviBed()
    bed.claim()
    for number in range(3):
        bed.own("pool", f"p{number}")
    bed.controller.faults.add(MISSING)
    since = bed.controller.journal.last
    result = await bed.sweep()
    assert isinstance(result, api.Wait)
    assert result.reason == "PermissionMissing"
    assert result.after == 60.0
    assert result.left == 3
    assert f'Pool "{X}--p' in result.message
    assert "and 2 more can be read and not deleted" in result.message
    assert "WRITE_ACCESS" in result.message
    assert deletes(bed, since) == 3
    assert len(bed.controller.journal.entries(since=since)) < 45


async def test_a_user_who_may_write_some_of_it_is_told_what_is_missing() -> None:
    """Read in all tenants, and write through a role filter that leaves the objects out."""
    bed = AviBed(filtered_object_status="404", hidden_object_status="404")
    bed.claim()
    bed.own("pool")
    extra = ["PERMISSION_USER", "PERMISSION_ROLE", "PERMISSION_CONTROLLER", "PERMISSION_TENANT"]
    seen = [kind.permission for kind in kinds.SEEN] + extra
    read, write = (
        [{"resource": permission, "type": level} for permission in seen]
        for level in ("READ_ACCESS", "WRITE_ACCESS")
    )
    filters = [
        {
            "name": "f",
            "match_label": {"key": "team", "values": ["a"]},
            "match_operation": "ROLE_FILTER_EQUALS",
            "enabled": True,
        }
    ]
    bed.make("role", name="read", privileges=read)
    narrow: dict[str, Any] = {"filters": filters, "allow_unlabelled_access": False}
    bed.make("role", name="write", privileges=write, **narrow)
    access = [
        {"role_ref": f"/api/role?name={role}", "all_tenants": True} for role in ("read", "write")
    ]
    bed.make("user", name="op", username="op", password=PASSWORD, access=access)
    result = await bed.sweep(bed.client(username="op"))
    assert isinstance(result, api.Wait)
    assert result.reason == "PermissionMissing"
    assert result.left == 1


async def test_what_goes_beside_what_is_hidden_goes_all_the_same() -> None:
    bed = AviBed()
    bed.claim()
    pool = bed.own("pool")
    bed.own("poolgroup", members=[{"pool_ref": pool}])
    bed.own("l4policyset")
    bed.controller.faults.add(MISSING)
    since = bed.controller.journal.last
    result = await bed.sweep()
    assert isinstance(result, api.Wait)
    assert (result.reason, result.left) == ("PermissionMissing", 1)
    assert deletes(bed, since) == 3


class Lingering(MemoryAvi):
    """Accepts DELETEs of virtual services, and shows them until ``ends``."""

    ends = False

    async def _call(self, method: str, path: str, tenant: str, **keywords: Any) -> Any:
        if method == "DELETE" and path.startswith("virtualservice/") and not self.ends:
            self.asked.append(path)
            return {}
        return await super()._call(method, path, tenant, **keywords)

    asked: list[str]


def lingering(bed: AviBed) -> Lingering:
    made = Lingering(bed.controller, password=PASSWORD)
    made.asked = []
    return made


async def test_what_lingers_is_asked_for_once_a_call_and_named() -> None:
    bed = AviBed()
    bed.claim()
    for number in range(20):
        vip = bed.own("vsvip", f"v{number}")
        bed.own("virtualservice", f"s{number}", vsvip_ref=vip)
    client, since = lingering(bed), bed.controller.journal.last
    result = await bed.sweep(client)
    assert result == api.Wait(
        reason="SweepGoesOn",
        message=(
            "40 own objects are left on avi.example.com: the controller accepted the deletion of "
            "20 that it still lists; looked at again."
        ),
        after=5.0,
        expected_seconds=sweep.SWEEP_SECONDS,
        left=40,
    )
    assert len(client.asked) == 20
    assert deletes(bed, since) <= passes.WIDTH  # of VIPs, which the services still refer to
    client.ends = True
    assert isinstance(await bed.sweep(client), api.Done)


async def test_what_lingers_does_not_hold_up_the_rest() -> None:
    bed = AviBed()
    bed.claim()
    vip = bed.own("vsvip")
    bed.own("virtualservice", vsvip_ref=vip)
    pool = bed.own("pool")
    bed.own("poolgroup", members=[{"pool_ref": pool}])
    client = lingering(bed)
    result = await bed.sweep(client)
    assert isinstance(result, api.Wait)
    assert (result.reason, result.left) == ("SweepGoesOn", 2)
    assert len(client.asked) == 1


async def test_an_object_whose_uuid_is_no_path_does_not_end_the_sweep_of_the_others() -> None:
    bed = AviBed()
    bed.claim()
    bed.own("pool")
    bed.own("poolgroup", uuid="poolgroup-1/../x")
    result = await bed.sweep()
    assert isinstance(result, api.Wait | api.Done)
    assert not [obj for obj in bed.count().own if obj[0] == "pool"]


async def test_the_certificate_of_the_portal_is_held_by_the_system_configuration() -> None:
    bed = AviBed()
    bed.claim()
    url = bed.own("sslkeyandcertificate", "www")
    settings = bed.hand.get("systemconfiguration")
    settings.setdefault("portal_configuration", {})["sslkeyandcertificate_refs"] = [url]
    bed.hand.put("systemconfiguration", settings)
    result = await bed.sweep()
    assert isinstance(result, api.Wait)
    assert result.reason == "ForeignReference"
    assert f'SSLKeyAndCertificate "{X}--www" (tenant admin) is used by Syst' in result.message
    proof = await bed.verify()
    assert isinstance(proof, api.Proof)
    assert (proof.own, proof.held) == (1, 1)
    assert "SystemConfiguration" in proof.held_by


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("BotDetectionPolicy bots", 'BotDetectionPolicy "bots", as the controller says'),
        ("SystemConfiguration ", "SystemConfiguration, as the controller says"),
        ("VirtualService my shop", 'VirtualService "my shop", as the controller says'),
    ],
)
async def test_a_holder_that_cannot_be_found_is_named_in_the_controllers_words(
    words: str, shown: str
) -> None:
    bed = AviBed()
    bed.claim()
    bed.own("stringgroup")
    text = f'{{"error": "Cannot delete, object is referred by: [\'{words}\']"}}'
    refused = faults.Fault(status=400, text=text, method="DELETE", times=None)
    bed.controller.faults.add(refused)
    result = await bed.sweep()
    assert isinstance(result, api.Wait)
    assert result.reason == "ForeignReference"
    assert shown in result.message


async def test_a_holder_that_our_user_may_not_read_is_named_by_the_controller() -> None:
    bed = AviBed()
    bed.claim()
    pool = bed.own("pool")
    bed.make("virtualservice", name="legacy-lb", pool_ref=pool)
    bed.controller.faults.add(
        faults.Fault(answer="denied", method="GET", kind="virtualservice", skip=2, times=None)
    )
    result = await bed.sweep()
    assert isinstance(result, api.Wait)
    assert result.reason == "ForeignReference"
    assert 'VirtualService "legacy-lb", as the controller says' in result.message


HOLDERS = {
    "virtualservice": "virtualservice ipamdnsproviderprofile systemconfiguration "
    "tenantsystemconfiguration",
    "vsdatascriptset": "virtualservice",
    "httppolicyset": "virtualservice",
    "l4policyset": "virtualservice",
    "networksecuritypolicy": "virtualservice",
    "poolgroup": "virtualservice httppolicyset l4policyset vsdatascriptset dnspolicy icapprofile",
    "pool": "virtualservice poolgroup httppolicyset l4policyset vsdatascriptset authprofile "
    "dnspolicy",
    "healthmonitor": "pool",
    "applicationprofile": "virtualservice",
    "applicationpersistenceprofile": "pool",
    "sslkeyandcertificate": "virtualservice pool vsdatascriptset healthmonitor "
    "sslkeyandcertificate cloud authprofile systemconfiguration",
    "pkiprofile": "pool applicationprofile vsdatascriptset healthmonitor systemconfiguration",
    "stringgroup": "httppolicyset vsdatascriptset applicationprofile virtualservice "
    "analyticsprofile dnspolicy ssopolicy wafpolicy",
    "vsvip": "virtualservice",
}
"""Kinds that can refer to each, by the vendor's API schema (30.2.1)."""


def test_the_holders_are_those_of_the_api_schema() -> None:
    table = {kind.path: set(kind.holders) for kind in kinds.KINDS}
    assert table == {path: set(text.split()) for path, text in HOLDERS.items()}


async def test_own_objects_in_the_controllers_words_are_no_holders() -> None:
    """They linger: what they refer to is not held by a stranger."""
    bed = AviBed()
    bed.claim()
    vip = bed.own("vsvip")
    bed.own("virtualservice", vsvip_ref=vip)
    result = await bed.sweep(lingering(bed))
    assert isinstance(result, api.Wait)
    assert result.reason == "SweepGoesOn"
