"""An AKO is adopted with its account. Later a person asks for another: lives in virtual time."""

from __future__ import annotations

import base64
import contextlib
import copy
import datetime
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from akoo_ako import desired, names, options, settings
from akoo_ako.installs import kinds
from akoo_ako.rendering import objects
from akoo_tenancy.looking import plan
from akoo_tenancy.takeover import proof

from akoo_core.kube import resource
from akoo_core.plugin import api
from akoo_core.plugin.kube import Resource
from akoo_core.testing import builders, virtual_time
from akoo_core.testing.memory.kubelet import OTHERS
from tests.tenancy import tenancy_takeover
from tests.tenancy.tenancy_fleet import SPEC, TenancyFleet
from tests.tenancy.tenancy_takeover import PASSWORD, REFERENCE

NAME, OLD = "demo-shop", "shop-demo-ako-user"
"""The clusterName and the Avi user, as AKOO gives them."""
PACKAGE = "load-balancer-and-ingress-service.tanzu.vmware.com"
ADOPT = {"existing": "Adopt", "version": "1.13.4", "podSecurity": "Vendor"}
ACCOUNT = {"username": OLD, "password": PASSWORD, "certificateAuthorityData": "PEM"}
KINDS: dict[str, Resource] = {kind.kind: kind for kind in kinds.OWN} | {
    "Namespace": resource.NAMESPACES
}
QUIET = 300.0
Condition = Callable[[], bool]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five minutes without use are enough. The account is that of this Cluster."""
    monkeypatch.setattr(tenancy_takeover, "OLD", OLD)
    monkeypatch.setattr(proof, "QUIET", datetime.timedelta(seconds=QUIET))


def install(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects of an AKO that runs with the former account."""
    view = api.View(
        record_name="akoo-1",
        spec=builders.record_spec(ako_cluster_name=NAME),
        cluster=None,
        config={"metadata": {"name": "default"}, "spec": {**SPEC, **spec}},
        plugin_config=options.Options(version="1.13.4", pod_security="Vendor"),
    )
    rendered = objects.render(desired.decide(view, settings.Settings()))
    data = {key: base64.b64encode(value.encode()).decode() for key, value in ACCOUNT.items()}
    metadata = {"name": names.SECRET, "namespace": names.NAMESPACE}
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata}
    listed = [copy.deepcopy(obj) for obj in rendered if obj["kind"] in KINDS]
    return [*listed, {**secret, "data": data}]


def package() -> list[dict[str, Any]]:
    """The PackageInstall by which AKOO deploys it, with the app of kapp."""
    place = {"name": "ako", "namespace": "tkg-system"}
    install, app = kinds.PACKAGE_INSTALLS[0], kinds.APPS[0]
    of_app = {"name": "ako.app", "namespace": "tkg-system", "labels": {"kapp.k14s.io/is-app": ""}}
    spec = {"packageRef": {"refName": PACKAGE}}
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": of_app,
            "data": {"spec": json.dumps({"labelValue": "1650"})},
        },
        {"apiVersion": app.api_version, "kind": app.kind, "metadata": place},
        {
            "apiVersion": install.api_version,
            "kind": install.kind,
            "metadata": place,
            "spec": spec,
        },
    ]


async def deployed(bed: TenancyFleet, spec: dict[str, Any], *, ancestor: bool) -> None:
    """A cluster with that AKO. Its Secret in the management cluster is AKOO's."""
    await bed.fleet.create_cluster("shop")
    server = bed.fleet.workload("shop")
    assert server is not None
    hand = server.client(system=OTHERS, field_manager="kapp" if ancestor else "kubectl")
    for obj in install(spec):
        if ancestor:
            obj["metadata"].setdefault("labels", {})["kapp.k14s.io/app"] = "1650"
        await hand.create(KINDS[obj["kind"]], obj)
    if not ancestor:
        return
    for versions in (kinds.PACKAGE_INSTALLS, kinds.APPS):
        server.served.serve(versions[0])
    server.seed(*package())
    secret = builders.secret("demo", "shop-avi-credentials", **ACCOUNT)
    bed.fleet.management.seed({**secret, "type": "avi.cluster.x-k8s.io/secret"})


async def until(bed: TenancyFleet, condition: Condition, seconds: float = 1800) -> None:
    try:
        await bed.fleet.until(condition, seconds=seconds)
    except AssertionError as error:
        stored = bed.fleet.record("shop")
        listed = bed.conditions("shop") if stored is not None else {}
        raise AssertionError(f"{error}: {listed}") from error


async def passes(bed: TenancyFleet, seconds: float) -> None:
    end = bed.after(seconds)
    await until(bed, lambda: bed.clock.now() >= end, seconds + 600)


@contextlib.asynccontextmanager
async def adopted(
    clock: virtual_time.LoopClock, *, ancestor: bool = True
) -> AsyncIterator[TenancyFleet]:
    """A cluster whose AKO is adopted, and works with the account that it had."""
    bed = tenancy_takeover.fleet(clock)
    spec = {} if ancestor else REFERENCE
    async with bed.fleet:
        await deployed(bed, spec, ancestor=ancestor)
        plugins: dict[str, Any] = {"tenancy": {"rotation": {"grace": "2m"}}, "ako": ADOPT}
        await bed.fleet.create_config({**SPEC, **spec}, plugins=plugins)
        await until(bed, lambda: ended(bed))
        yield bed
        assert bed.refused() == []


def ended(bed: TenancyFleet) -> bool:
    """The adoption has ended."""
    stored = bed.fleet.record("shop")
    adoption = stored.spec.adoption if stored is not None else None
    return adoption is not None and adoption.ended_at is not None


async def rotate(bed: TenancyFleet) -> None:
    """A person asks for an account of its own."""
    patch = {"metadata": {"annotations": {"tenancy.akoo.io/rotate": "requested"}}}
    await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, bed.record("shop").name, patch)
    await until(bed, lambda: bed.is_active("shop", 1))


def planned(bed: TenancyFleet) -> list[tuple[str, str]]:
    """Action and name of each row, if the Cluster were deleted now. Each of a user has its UUID."""
    stored = bed.record("shop")
    view = api.View(
        record_name=stored.name, spec=stored.spec, cluster=None, config={}, plugin_config=None
    )
    rows = plan.plan(view, "sweep", bed.clock.now())
    uuids = {obj.name: obj.uuid for obj in bed.avi.state.objects.of_kind("user")}
    assert all(f"UUID {uuids[row.name]}" in row.why for row in rows if row.kind == "FormerUser")
    return [(row.action, row.name) for row in rows]


def starts(bed: TenancyFleet) -> dict[str, int]:
    return dict(bed.ako("shop").starts)


@virtual_time.test
async def test_the_ancestors_user_stays_unless_it_is_released(
    clock: virtual_time.LoopClock,
) -> None:
    """Nothing changes until somebody asks; then AKO restarts once."""
    async with adopted(clock) as bed:
        await passes(bed, 2 * QUIET)
        assert (starts(bed), bed.users("shop"), bed.account("shop")) == ({OLD: 1}, [], None)
        assert "keeps its account" in bed.condition("shop")[2]
        await rotate(bed)
        own = f"{bed.record('shop').name}-000001"
        await passes(bed, 2 * QUIET)
        assert starts(bed) == {OLD: 1, own: 1}, "one restart"
        assert tenancy_takeover.exists(bed)
        assert "not marked as made for this cluster" in bed.condition("shop")[2]
        assert planned(bed) == [("delete", bed.record("shop").name), ("keep", OLD)]
        await bed.fleet.delete_cluster("shop")
        await bed.fleet.until_phase("shop", "Finished")
        assert tenancy_takeover.exists(bed)
        assert bed.users("shop") == []


@virtual_time.test
async def test_the_ancestors_user_goes_once_it_is_released_and_unused(
    clock: virtual_time.LoopClock,
) -> None:
    async with adopted(clock) as bed:
        await rotate(bed)
        tenancy_takeover.end_sessions(bed)
        await tenancy_takeover.release(bed)
        await until(bed, lambda: not tenancy_takeover.exists(bed), 4 * QUIET)
        assert len(starts(bed)) == 2
        assert sum(starts(bed).values()) == 2, "one restart"
        assert bed.is_active("shop", 1)


@virtual_time.test
async def test_without_a_rotation_the_ancestors_user_goes_with_its_cluster(
    clock: virtual_time.LoopClock,
) -> None:
    async with adopted(clock) as bed:
        await bed.fleet.delete_cluster("shop")
        await bed.fleet.until_phase("shop", "Finished")
        assert not tenancy_takeover.exists(bed)
        assert starts(bed) == {OLD: 1}


@virtual_time.test
async def test_from_a_reference_by_a_rotation(clock: virtual_time.LoopClock) -> None:
    """The reference goes out of the config first: a config that names an account keeps it."""
    async with adopted(clock, ancestor=False) as bed:
        await bed.fleet.change_config({"workloadCredentialRef": None})
        await passes(bed, QUIET)
        assert starts(bed) == {OLD: 1}
        await rotate(bed)
        await passes(bed, 2 * QUIET)
        own = f"{bed.record('shop').name}-000001"
        assert starts(bed) == {OLD: 1, own: 1}, "one restart"
        assert tenancy_takeover.exists(bed)
