"""audit and remove_stray: what has no living record, whose it is, and that only that goes."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from akoo_avi.cleanup import audit
from akoo_avi.ownership import strays
from akoo_avi.spec import resources
from akoo_avi.testing import memory_controllers
from akoo_testbed.avisim import Controller, faults
from opentelemetry import trace

from akoo_core import external, structs
from akoo_core.objects import record
from akoo_core.plugin import accounts, api
from akoo_core.plugin.errors import SecretMissingError
from akoo_core.testing import builders, memory
from tests.avi import avi_oracle as oracle
from tests.avi.avi_bed import OTHER_MANAGEMENT, PASSWORD, AviBed, X

ADDRESS = "avi.example.com"
DEAD = "akoo-dddddddddddd"
SPEC = {
    "controller": ADDRESS,
    "cloudName": "Default-Cloud",
    "serviceEngineGroup": "Default-Group",
    "adminCredentialRef": {"namespace": "avi-system", "name": "avi"},
}


class Secrets:
    """Every Secret has the administrator's password, but those whose names say otherwise."""

    async def read(self, source: api.SecretSource) -> bytes | None:
        if source.name == "gone":
            raise SecretMissingError("Secret avi-system/gone does not exist")
        user = b"few" if source.name == "few" else b"admin"
        known = {"username": user, "password": PASSWORD.encode()}
        known[accounts.CA] = f"# {source.name}".encode()  # A session for each Secret.
        return known.get(source.key)

    async def version(self, namespace: str, name: str, *, of_ancestor: bool = False) -> str:
        return f"{namespace}-{name}/1"


class Threads:
    async def run(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("not used")


def context(
    bed: AviBed,
    *records: record.Record,
    configs: tuple[structs.JSON, ...] = (builders.config(SPEC),),
    declared: tuple[structs.JSON, ...] = (),
) -> api.AuditContext:
    server = memory.MemoryServer(resources=(*memory.BUILT_IN, resources.AVI_CONTROLLERS))
    server.seed(*declared)
    return api.AuditContext(
        records=records,
        configs=configs,
        management_id=builders.MANAGEMENT_ID,
        kube=server.client(),
        clock=bed.clock,
        external=external.External(),
        secrets=Secrets(),
        threads=Threads(),
        tracer=trace.get_tracer("test"),
        log=logging.LoggerAdapter(logging.getLogger("test")),
    )


def record_of(name: str, **changes: Any) -> record.Record:
    return builders.record(ako_cluster_name=name, **changes)


def of(bed: AviBed, cluster: str) -> AviBed:
    """The same controller, for another cluster's objects."""
    other = AviBed.__new__(AviBed)
    other.__dict__.update(bed.__dict__, cluster=cluster)
    return other


async def audited(bed: AviBed, ctx: api.AuditContext) -> api.Audit:
    registry = memory_controllers({ADDRESS: bed.controller})
    try:
        return await audit.audit(ctx, registry)
    finally:
        await registry.close()


async def removed(bed: AviBed, ctx: api.AuditContext, owner: str) -> api.Result:
    registry = memory_controllers({ADDRESS: bed.controller})
    try:
        return await audit.remove(ctx, registry, owner)
    finally:
        await registry.close()


async def test_what_has_no_living_record_is_shown_with_owner_tenant_age_and_claim() -> None:
    bed = AviBed()
    bed.own("pool")
    dead = of(bed, DEAD)
    dead.own("pool", tenant="blue")
    dead.own("stringgroup")
    dead.own("vsvip")
    dead.claim(OTHER_MANAGEMENT, 3)
    dead.route(
        {
            "route_id": "1",
            "prefix": {"ip_addr": {"addr": "10.1.0.0", "type": "V4"}, "mask": 24},
            "next_hop": {"addr": "10.0.0.1", "type": "V4"},
            "labels": [{"key": "clustername", "value": DEAD}],
        }
    )
    dead.label(DEAD, X)
    bed.make("pool", name="somebody-elses")
    seen = await audited(bed, context(bed, record_of(X)))
    assert not seen.unseen
    assert {(stray.owner, stray.kind, stray.name, stray.tenant) for stray in seen.strays} == {
        (DEAD, "Pool", f"{DEAD}--red-web", "blue"),
        (DEAD, "StringGroup", f"ako-{DEAD}-{oracle.hashed('red-web')}", "admin"),
        (DEAD, "VsVip", f"{DEAD}--red-web", "admin"),
        (DEAD, "VrfContext route", "global: 1", "admin"),
        (DEAD, "ServiceEngineGroup label", f"Default-Group: clustername={DEAD}", "admin"),
    }
    assert {stray.claim for stray in seen.strays} == {f"{OTHER_MANAGEMENT}, epoch 3"}
    pool = next(stray for stray in seen.strays if stray.kind == "Pool")
    modified = bed.controller.state.objects.get("pool", bed.uuid("pool", pool.name))
    assert modified is not None
    now = bed.clock.now().timestamp()
    assert pool.age_seconds == pytest.approx(now - modified.modified / 1e6)
    assert pool.where == ADDRESS


async def test_a_finished_record_looks_after_nothing() -> None:
    bed = AviBed()
    bed.own("pool")
    seen = await audited(bed, context(bed, record_of(X, finished_at=bed.clock.now())))
    assert [stray.owner for stray in seen.strays] == [X]


async def test_an_own_claim_without_a_record_is_a_stray() -> None:
    bed = AviBed()
    bed.claim()
    seen = await audited(bed, context(bed))
    assert [(stray.kind, stray.name) for stray in seen.strays] == [("claim", f"akoo-claim-{X}")]
    assert isinstance(await removed(bed, context(bed), X), api.Done)
    assert not (await audited(bed, context(bed))).strays


async def test_one_controller_under_two_ways_is_looked_at_once() -> None:
    bed = AviBed()
    bed.own("pool")
    declared = {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "AviController",
        "metadata": {"name": "main", "uid": "u-1"},
        "spec": {
            "address": ADDRESS,
            "credentialRef": {"namespace": "avi-system", "name": "another"},
        },
    }
    seen = await audited(bed, context(bed, declared=(declared,)))
    assert len(seen.strays) == 1


def _config(secret: str, controller: str = ADDRESS) -> structs.JSON:
    reference = {"namespace": "avi-system", "name": secret}
    spec = {**SPEC, "controller": controller, "adminCredentialRef": reference}
    return builders.config(spec, name=f"{secret}-{controller}")


def _few(bed: AviBed) -> None:
    """User few sees next to nothing."""
    reads = [{"resource": "PERMISSION_CONTROLLER", "type": "READ_ACCESS"}]
    role = bed.make("role", name="few", privileges=reads)
    access_ = [{"role_ref": role["url"], "all_tenants": True}]
    bed.make("user", name="few", username="few", password=PASSWORD, access=access_)


async def test_of_many_credentials_for_one_controller_one_that_sees_all_is_enough() -> None:
    first, second = AviBed(), AviBed()
    second.controller = Controller(password=PASSWORD, identity="second")
    first.own("pool")
    _few(first)
    here = [_config(secret) for secret in ("gone", "few", *(f"tenant-{n}" for n in range(6)))]
    there = [_config(f"tenant-{n}", "two.example.com") for n in range(6)]
    registry = memory_controllers({ADDRESS: first.controller, "two.example.com": second.controller})
    seen = await audit.audit(context(first, configs=(*here, *there)), registry)
    await registry.close()
    assert not seen.unseen
    assert len(seen.strays) == 1
    logins = [
        entry for entry in second.controller.journal.entries() if entry.subject.path == "/login"
    ]
    assert len(logins) == 1


async def test_of_two_addresses_of_one_controller_the_one_that_sees_all_is_used() -> None:
    bed = AviBed()
    bed.own("pool")
    _few(bed)
    configs = (_config("few"), _config("tenant-0", "two.example.com"))
    registry = memory_controllers({ADDRESS: bed.controller, "two.example.com": bed.controller})
    seen = await audit.audit(context(bed, configs=configs), registry)
    await registry.close()
    assert [stray.where for stray in seen.strays] == ["two.example.com"]


async def test_a_credential_that_sees_little_is_used_where_there_is_no_better() -> None:
    bed = AviBed()
    bed.own("pool")
    _few(bed)
    seen = await audited(bed, context(bed, configs=(_config("gone"), _config("few"))))
    gone, few, *_ = seen.unseen
    assert "avi-system/gone does not exist" in gone
    assert "what user" in few


async def test_where_it_could_not_look_is_told() -> None:
    bed = AviBed()
    bed.own("pool")
    gone = builders.config({**SPEC, "controller": "gone.example.com"}, name="gone")
    bad = builders.config({"controller": ADDRESS}, name="bad")
    seen = await audited(bed, context(bed, configs=(gone, bad, builders.config(SPEC))))
    assert len(seen.strays) == 1
    bad_, gone_ = sorted(seen.unseen)
    assert bad_.startswith("AKODeploymentConfig/bad: spec.adminCredentialRef")
    assert gone_.startswith("gone.example.com: ")


async def test_a_role_that_hides_things_is_told() -> None:
    bed = AviBed()
    admin = bed.hand.get("user?name=admin")["results"][0]
    reads = [{"resource": "PERMISSION_CONTROLLER", "type": "READ_ACCESS"}]
    role = bed.make("role", name="few", privileges=reads)
    more = {"is_superuser": False, "access": [{"role_ref": role["url"], "all_tenants": True}]}
    bed.make("user", name="root", password=PASSWORD, is_superuser=True)
    bed.hand.put(f"user/{admin['uuid']}", {**admin, **more})
    seen = await audited(bed, context(bed))
    assert seen.unseen[0].startswith(f"{ADDRESS}: what user")


async def test_remove_takes_all_of_one_owner_and_nothing_else() -> None:
    bed = AviBed()
    bed.own("pool")
    bed.claim()
    infix = of(bed, "dddddddddd")
    infix.own("vsvip")
    before = bed.controller.snapshot()
    dead = of(bed, DEAD)
    pool = dead.own("pool", tenant="blue")
    dead.own("poolgroup", tenant="blue", members=[{"pool_ref": pool}])
    dead.own("vsvip", cloud_ref="/api/cloud/?name=other")
    dead.label(DEAD)
    assert isinstance(await removed(bed, context(bed, record_of(X)), DEAD), api.Done)
    assert not bed.diff(before)


async def test_a_name_that_we_did_not_make_is_removed_in_named_tenants_only() -> None:
    bed = AviBed()
    stranger = of(bed, "my-cluster")
    stranger.own("pool", tenant="blue")
    stranger.own("pool")
    before = bed.controller.snapshot()
    ctx = context(bed)
    result = await removed(bed, ctx, "my-cluster")
    assert isinstance(result, api.Blocked)
    assert result.reason == "NameNotExclusive"
    assert "--tenants" in result.message
    assert not bed.diff(before)
    result = await removed(bed, structs.replace(ctx, tenants=("blue",)), "my-cluster")
    assert isinstance(result, api.Done)
    assert "(tenant admin): all marks agree, but nobody named tenant admin" in result.message
    assert [kind for kind, _ in bed.diff(before).removed] == ["pool"]


async def test_tenants_limit_what_is_removed_under_a_name_that_we_made() -> None:
    bed = AviBed()
    dead = of(bed, DEAD)
    dead.own("pool", tenant="blue")
    dead.own("pool")
    before = bed.controller.snapshot()
    ctx = structs.replace(context(bed), tenants=("blue",))
    assert isinstance(await removed(bed, ctx, DEAD), api.Done)
    assert [kind for kind, _ in bed.diff(before).removed] == ["pool"]


async def test_a_name_with_a_living_record_is_refused() -> None:
    bed = AviBed()
    bed.own("pool")
    before = bed.controller.snapshot()
    result = await removed(bed, context(bed, record_of(X)), X)
    assert isinstance(result, api.Blocked)
    assert result.reason == "OwnerLives"
    assert not bed.diff(before)


@pytest.mark.parametrize("owner", ["", ".*", "a b"])
async def test_what_is_no_name_is_refused(owner: str) -> None:
    bed = AviBed()
    assert isinstance(await removed(bed, context(bed), owner), api.Blocked)


async def test_a_foreign_claim_stays() -> None:
    bed = AviBed()
    bed.claim(OTHER_MANAGEMENT)
    bed.own("pool")
    result = await removed(bed, context(bed), X)
    assert isinstance(result, api.Done)
    assert "Its claim is not ours and stays." in result.message
    assert not bed.count().own
    assert bed.uuid("stringgroup", f"akoo-claim-{X}")


async def test_suspects_stay_and_are_named() -> None:
    bed = AviBed()
    bed.own("pool")
    bed.make("vsvip", name=f"{X}--old")
    result = await removed(bed, context(bed), X)
    assert isinstance(result, api.Done)
    assert f'VsVip "{X}--old" (tenant admin)' in result.message
    assert bed.uuid("vsvip", f"{X}--old")


async def test_a_controller_that_fails_is_waited_for() -> None:
    bed = AviBed()
    bed.own("pool")
    bed.controller.faults.add(faults.Fault(answer="booting", kind="pool", times=None))
    assert isinstance(await removed(bed, context(bed), X), api.Wait)


@pytest.mark.parametrize(
    ("kind", "name", "author", "owner"),
    [
        ("pool", "foo--web", "ako-foo", "foo"),
        ("pool", "foo--web", "ako-foo-red", "foo"),
        ("pool", "ako-gw-foo--web", "ako-gw-foo-red", "foo"),
        ("pool", "ako-crd-operator-foo--web", "ako-crd-operator-foo", "foo"),
        ("pool", "web", "ako-foo", "foo"),
        ("pool", "web", "terraform", ""),
        ("vsvip", "foo--web", "", ""),
        ("vsvip", f"{X}--web", "", X),
    ],
)
def test_owners_without_markers(kind: str, name: str, author: str, owner: str) -> None:
    assert strays.owner_of(kind, {"name": name, "created_by": author}) == owner


def test_a_marker_says_it_before_all_else() -> None:
    markers = [{"key": "clustername", "values": ["bar"]}]
    body = {"name": "foo--web", "created_by": "ako-foo", "markers": markers}
    assert strays.owner_of("pool", body) == "bar"
    two = [{"key": "clustername", "values": ["bar", "foo"]}]
    assert strays.owner_of("pool", {**body, "markers": two}) == ""
