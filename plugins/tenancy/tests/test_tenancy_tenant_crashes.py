"""The controller of an AviTenant dies at every single call, and goes on later: the end is the
same."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from akoo_testbed.avisim import faults

from akoo_core import testing
from akoo_core.plugin import api
from akoo_core.testing import calls, verbs
from tests.tenancy.tenant_world import TenantWorld, tenant

PROOF = bool(os.environ.get("AKOO_PROOF"))
VOLATILE = ("uuid", "_last_modified", "url", "configpb_attributes")


def new() -> TenantWorld:
    return TenantWorld(tenant(serviceEngines="Own"))


def applied() -> TenantWorld:
    there = new()
    there.attempt()
    return there


def drifted() -> TenantWorld:
    there = applied()
    there.edit_row(name="renamed", config_settings={"se_in_provider_context": True})
    return there


def vanished() -> TenantWorld:
    there = applied()
    there.admin.delete(f"tenant/{there.status()['tenantUuid']}")
    return there


def adopting() -> TenantWorld:
    there = TenantWorld(tenant(adoptionPolicy="IfIdentical"))
    there.admin.post("tenant", {"name": "shop"})
    return there


def deleted() -> TenantWorld:
    there = applied()
    there.delete()
    return there


def retained() -> TenantWorld:
    there = applied()
    there.edit(deletionPolicy="Retain")
    there.delete()
    return there


SCENES: list[Callable[[], TenantWorld]] = [
    new,
    drifted,
    vanished,
    adopting,
    deleted,
    retained,
]


def settle(there: TenantWorld) -> None:
    """Attempts until nothing is left to do, as the queue makes them."""
    for _ in range(4):
        if there.object() is not None:
            there.attempt()
    there.clock.advance(150)
    if there.object() is not None:
        there.attempt()


def end(there: TenantWorld) -> object:
    """Everything that is there, on both sides."""
    objects = {
        f"{obj.kind}/{obj.name}": {k: v for k, v in obj.data.items() if k not in VOLATILE}
        for obj in there.avi.state.objects.everything().values()
        if not obj.builtin and obj.kind != "user"
    }
    obj = there.object()
    status = {**(obj or {}).get("status", {})}
    for key in ("tenantUuid", "conditions"):
        status.pop(key, None)
    shown = (there.ready()[:2], (obj or {})["metadata"]["finalizers"]) if obj else None
    refs = {
        name: {key: value for key, value in body.items() if not key.endswith("_ref")}
        for name, body in objects.items()
    }
    return status, shown, refs


class PassedCalls(calls.Calls):
    """Notes the moments that an attempt passes."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: list[tuple[int, calls.Moment]] = []

    def _raise(self, number: int, moment: calls.Moment) -> None:
        call = self.made[number - 1]
        if call.write or moment == "after":
            self.passed.append((number, moment))


def moments(make: Callable[[], TenantWorld]) -> Iterator[tuple[int, calls.Moment]]:
    """Before and after each write, and after reads: the lists that prove a tenant empty are alike,
    so of many reads every ninth is enough."""
    there = make()
    there.calls = passed = PassedCalls()
    testing.run_reconcile(there.plugin(), "tenants", "shop", there)
    reads = 0
    for number, moment in passed.passed:
        reads += not passed.made[number - 1].write
        if passed.made[number - 1].write or PROOF or reads < 9 or reads % 9 == 0:
            yield number, moment


@pytest.mark.parametrize("make", SCENES, ids=lambda scene: scene.__name__)
def test_a_death_at_any_call_ends_as_without_it(make: Callable[[], TenantWorld]) -> None:
    undisturbed = make()
    settle(undisturbed)
    tried = 0
    for number, moment in moments(make):
        there = make()
        there.calls.fail(number, moment, calls.Crash())
        run = there.run(verbs.try_reconcile(there.plugin(), "tenants", "shop", there))
        assert isinstance(run.error, calls.Crash), (number, moment, run)
        there.calls.heal()
        settle(there)
        assert end(there) == end(undisturbed), (number, moment)
        tried += 1
    assert tried > 5


@pytest.mark.parametrize(
    ("make", "method"),
    [
        (new, "POST"),
        (vanished, "POST"),
        (drifted, "PUT"),
        (adopting, "PUT"),
        (retained, "PUT"),
        (deleted, "DELETE"),
    ],
)
@pytest.mark.parametrize("fault", ["stale", "drop", "broken"])
def test_whatever_becomes_of_a_write(
    make: Callable[[], TenantWorld], method: str, fault: str
) -> None:
    """Refused as stale, carried out without an answer, failed: the end is the same."""
    undisturbed = make()
    settle(undisturbed)
    there = make()
    lost = fault == "drop"
    number = there.avi.faults.add(
        faults.Fault(
            answer="" if lost else fault, drop=lost, after=lost, kind="tenant", method=method
        )
    )
    settle(there)
    settle(there)
    assert end(there) == end(undisturbed)
    assert there.avi.faults.met(number) == 1


def test_without_leadership_nothing_is_written() -> None:
    there = new()
    before = there.writes
    with there.calls.reading():
        run = there.run(verbs.try_reconcile(there.plugin(), "tenants", "shop", there))
    assert run.error is not None
    assert there.writes == before
    assert isinstance(there.attempt(), api.Done)
