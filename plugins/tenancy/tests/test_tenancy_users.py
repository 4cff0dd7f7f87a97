"""Users, roles and the probe on a simulated controller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from akoo_avi.client import AviClient, ConflictError, NotFoundError
from akoo_avi.client.access.refusal import Refusal
from akoo_avi.testing import memory
from akoo_avi.testing.memory import MemoryAvi
from akoo_tenancy.passwords import Rules
from akoo_tenancy.roles import applying as roles
from akoo_tenancy.roles import plan, probe
from akoo_tenancy.roles.plan import Needs
from akoo_tenancy.spec import names
from akoo_tenancy.users import applying as users
from akoo_tenancy.users import wire
from akoo_tenancy.users.wire import Shape
from akoo_testbed.avisim import controller

from akoo_core.plugin import structs

RECORD = "akoo-0f3b2c1d4e5a"
NEEDS = Needs(record=RECORD, ako=(2, 1, 1), controller=(30, 2, 2), tenants=("blue",))
OWNERS = frozenset({"mgmt"})
PROFILES = ("22.1.7", "30.2.2", "31.2.2")


class Bed:
    def __init__(self, profile: str = "30.2.2", **switches: str) -> None:
        self.controller = controller.Controller(
            password=memory.PASSWORD, profile=profile, chosen=switches, identity="tenancy"
        )
        self.avi = MemoryAvi(self.controller)
        self.needs = structs.replace(
            NEEDS, controller=tuple(int(part) for part in profile.split("."))
        )

    async def shape(self, sequence: int = 1) -> Shape:
        rights = plan.plan(self.needs)
        if await roles.find(self.avi, f"{RECORD}-read", "admin") is None:
            existing = await self.avi.list("tenant", params={"name": "blue"})
            if not existing:
                await self.avi.create("tenant", {"name": "blue"}, tenant="admin")
        by_name = await roles.tenants(self.avi, self.needs.tenants)
        return Shape(
            username=names.username(RECORD, sequence),
            mark=names.mark("mgmt", 1),
            access=await roles.apply(self.avi, rights, by_name),
            tenant=by_name["blue"],
            profile=(await users.profile(self.avi)).uuid,
            controller=self.needs.controller,
        )

    async def make(self, shape: Shape, password: str) -> str:
        return await users.make(self.avi, shape, password=password, rules=Rules(), owners=OWNERS)

    async def login(self, username: str, password: str) -> AviClient:
        ako = MemoryAvi(self.controller, username=username, password=password)
        await ako.version()
        return ako

    def writes(self) -> list[str]:
        return [entry.subject.method for entry in self.controller.journal.entries(writes=True)]


async def refused(attempt: Callable[[], Awaitable[Any]]) -> str:
    with pytest.raises(Refusal) as raised:
        await attempt()
    return raised.value.reason


@pytest.mark.parametrize("profile", PROFILES)
async def test_a_user_is_made_with_its_password_and_can_do_what_its_roles_say(profile: str) -> None:
    bed = Bed(profile)
    shape = await bed.shape()
    uuid = await bed.make(shape, "Right-password-1")
    ako = await bed.login(shape.username, "Right-password-1")
    made = await ako.create(
        "pool",
        {"name": "own", "markers": [{"key": "clustername", "values": [RECORD]}]},
        tenant=shape.tenant,
    )
    assert made["name"] == "own"
    user = await users.find(bed.avi, shape.username)
    assert user is not None
    assert user["uuid"] == uuid
    assert user["full_name"] == "akoo-core mgmt 1"
    assert wire.differences(shape, user) == ()


async def test_a_user_is_three_requests_and_none_in_vain() -> None:
    bed = Bed()
    shape = await bed.shape()
    before = len(bed.controller.journal.entries())
    await bed.make(shape, "Right-password-1")
    methods = [entry.subject.method for entry in bed.controller.journal.entries()[before:]]
    assert methods == ["POST", "PUT", "GET"]


async def test_a_create_that_comes_late_makes_a_user_that_nobody_can_use() -> None:
    """A frozen operator ends its POST after the fence: the pushed password opens nothing."""
    bed = Bed()
    shape = await bed.shape()
    await bed.avi.create("user", wire.locked(shape, password="Nobody-knows-1"), tenant="admin")
    assert not await _logs_in(bed, shape.username, "Right-password-1")
    user = await users.find(bed.avi, shape.username)
    assert user is not None
    assert not wire.has_access(user)


async def test_a_change_that_comes_late_opens_nothing() -> None:
    bed = Bed()
    shape = await bed.shape()
    late = await bed.avi.create(
        "user", wire.locked(shape, password="Nobody-knows-1"), tenant="admin"
    )
    body = wire.opened(shape, late, password="Right-password-1")
    await bed.make(shape, "Right-password-1")
    with pytest.raises(ConflictError):
        await bed.avi.replace("user", late["uuid"], body, tenant="admin")
    user = await users.find(bed.avi, shape.username)
    assert user is not None
    await users.remove(bed.avi, user)
    with pytest.raises(NotFoundError):
        await bed.avi.replace("user", late["uuid"], body, tenant="admin")
    assert await users.of_record(bed.avi, RECORD) == {}


async def _logs_in(bed: Bed, username: str, password: str) -> bool:
    try:
        await bed.login(username, password)
    except Exception:  # noqa: BLE001 - any refusal counts
        return False
    return True


async def test_a_user_that_an_earlier_attempt_left_half_made_is_finished() -> None:
    bed = Bed()
    shape = await bed.shape()
    await bed.avi.create("user", wire.locked(shape, password="Nobody-knows-1"), tenant="admin")
    await bed.make(shape, "Right-password-1")
    assert await _logs_in(bed, shape.username, "Right-password-1")


@pytest.mark.parametrize("full_name", ["Anna Schmidt", "akoo-core elsewhere 1", ""])
async def test_a_user_of_somebody_else_is_left(full_name: str) -> None:
    bed = Bed()
    shape = await bed.shape()
    body = {"name": shape.username, "password": "Anna-password-1", "full_name": full_name}
    await bed.avi.create("user", body, tenant="admin")
    count = len(bed.writes())
    assert await refused(lambda: bed.make(shape, "Right-password-1")) == "ForeignUser"
    assert bed.writes()[count:] == ["POST"]
    assert await _logs_in(bed, shape.username, "Anna-password-1")


async def test_users_of_a_record_are_matched_by_the_whole_name() -> None:
    bed = Bed()
    for name in (f"{RECORD}-000001", f"{RECORD}-1", f"{RECORD}-x-000001", f"{RECORD}0-000001"):
        await bed.avi.create("user", {"name": name, "password": "Some-password-1"}, tenant="admin")
    assert set(await users.of_record(bed.avi, RECORD)) == {1}


async def test_an_empty_list_that_does_not_show_us_proves_nothing() -> None:
    bed = Bed()
    body = {"name": "blind", "username": "other-name", "password": "Some-password-1"}
    body["is_superuser"] = True  # type: ignore[assignment]
    await bed.avi.create("user", body, tenant="admin")
    blind = MemoryAvi(bed.controller, username="other-name", password="Some-password-1")
    assert await refused(lambda: users.of_record(blind, RECORD)) == "NoSight"


async def test_drift_of_a_user_is_repaired_and_its_password_stays() -> None:
    bed = Bed()
    shape = await bed.shape()
    uuid = await bed.make(shape, "Right-password-1")
    user = await bed.avi.get(f"user/{uuid}")
    body = {**user, "access": [], "full_name": "changed"}
    await bed.avi.replace("user", uuid, body, tenant="admin")
    problems = await users.repair(bed.avi, shape, uuid)
    assert len(problems) == 2
    assert wire.differences(shape, await bed.avi.get(f"user/{uuid}")) == ()
    assert await users.repair(bed.avi, shape, uuid) == ()
    assert await _logs_in(bed, shape.username, "Right-password-1")


@pytest.mark.parametrize("profile", PROFILES)
async def test_roles_are_repaired_and_a_second_time_costs_reads_only(profile: str) -> None:
    bed = Bed(profile)
    await bed.shape()
    count = len(bed.writes())
    shape = await bed.shape()
    assert len(bed.writes()) == count
    tenant = shape.tenant
    role = await roles.find(bed.avi, f"{RECORD}-write", tenant)
    assert role is not None
    await bed.avi.replace("role", role["uuid"], {**role, "filters": []}, tenant=tenant)
    by_name = await roles.tenants(bed.avi, ("blue",))
    rights = plan.plan(bed.needs)
    assert roles.drift(rights, by_name, await bed.avi.list("role")) != ()
    await bed.shape()
    assert roles.drift(rights, by_name, await bed.avi.list("role")) == ()
    assert await roles.remove(bed.avi, RECORD) == len(rights.roles)
    assert await roles.remove(bed.avi, RECORD) == 0


async def test_a_tenant_that_is_missing_is_named() -> None:
    bed = Bed()
    assert await refused(lambda: roles.tenants(bed.avi, ("green",))) == "TenantNotFound"


async def test_probe_finds_roles_that_do_what_they_say_and_leaves_nothing() -> None:
    bed = Bed()
    await bed.avi.create("tenant", {"name": "blue"}, tenant="admin")
    outcome = await _probe(bed)
    assert outcome == probe.COVERED
    name = probe.record_name(bed.needs, "mgmt")
    assert await users.of_record(bed.avi, name) == {}
    assert await roles.remove(bed.avi, name) == 0
    assert await bed.avi.list("pool") == ()


async def _probe(bed: Bed) -> probe.Outcome:
    return await probe.probe(bed.avi, bed.login, bed.needs, management_id="mgmt", rules=Rules())


async def test_probe_finds_filters_without_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    bed = Bed()
    await bed.avi.create("tenant", {"name": "blue"}, tenant="admin")
    everything = roles.apply

    async def without_filters(
        avi: AviClient, rights: plan.Rights, by_name: roles.Tenants
    ) -> tuple[wire.Granted, ...]:
        bare = [structs.replace(role, marker="") for role in rights.roles]
        return await everything(avi, structs.replace(rights, roles=tuple(bare)), by_name)

    monkeypatch.setattr(roles, "apply", without_filters)
    outcome = await _probe(bed)
    assert outcome.isolation == "Vendor"
    assert "Filters" in outcome.reduced


async def test_the_profile_must_not_lock_out() -> None:
    bed = Bed()
    rows = await bed.avi.list("useraccountprofile", params={"name": wire.PROFILE})
    strict = {**rows[0], "max_login_failure_count": 3}
    await bed.avi.replace("useraccountprofile", rows[0]["uuid"], strict, tenant="admin")
    assert await refused(lambda: users.profile(bed.avi)) == "ProfileMissing"
