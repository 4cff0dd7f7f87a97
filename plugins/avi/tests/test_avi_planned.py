"""The plan shows exactly the actions of sweep."""

from __future__ import annotations

from akoo_avi import plan
from akoo_avi.ownership import kinds

from tests.avi.avi_bed import OTHER_MANAGEMENT, AviBed, X


async def test_the_plan_names_what_goes_and_why_and_what_stays_and_why() -> None:
    bed = AviBed()
    bed.claim()
    monitor = bed.own("healthmonitor", tenant="blue")
    pool = bed.own("pool", tenant="blue", health_monitor_refs=[monitor])
    held = bed.own("pool", "held", health_monitor_refs=[bed.own("healthmonitor", "held")])
    bed.own("poolgroup", tenant="blue", members=[{"pool_ref": pool}])
    bed.make("virtualservice", name="legacy-lb", pool_ref=held)
    bed.make("vsvip", name=f"{X}--old")
    bed.label(X, "other")
    before = bed.controller.snapshot()
    actions = await plan.swept(bed.context(), bed.client(), bed.stored)
    assert not bed.diff(before)
    assert [(action.action, action.kind, action.name) for action in actions] == [
        ("delete", "PoolGroup", f"{X}--red-web"),
        ("delete", "Pool", f"{X}--red-web"),
        ("delete", "HealthMonitor", f"ako-crd-operator-{X}--red-web"),
        ("change", "ServiceEngineGroup", "Default-Group"),
        ("keep", "Pool", f"{X}--held"),
        ("keep", "HealthMonitor", f"ako-crd-operator-{X}--held"),
        ("keep", "VsVip", f"{X}--old"),
    ]
    first, *_ = actions
    assert first.where == "avi.example.com, tenant blue"
    assert first.why.startswith(f"marker clustername is [{X}], created_by is ako-{X}")
    assert actions[3].why == f"take out clustername={X}: the label is clustername={X}"
    assert 'is used by VirtualService "legacy-lb"' in actions[4].why
    assert actions[5].why == "an object that refers to it cannot be deleted"
    assert actions[6].why.startswith("suspect: its marker clustername is missing")


async def test_under_a_foreign_claim_all_stays() -> None:
    bed = AviBed()
    bed.claim(OTHER_MANAGEMENT)
    bed.own("pool")
    (only,) = await plan.swept(bed.context(), bed.client(), bed.stored)
    assert only.action == "keep"
    assert "ClaimedElsewhere" not in only.why
    assert OTHER_MANAGEMENT in only.why


async def test_what_is_planned_is_what_goes() -> None:
    bed = AviBed()
    bed.claim()
    pool = bed.own("pool")
    bed.own("poolgroup", members=[{"pool_ref": pool}])
    bed.own("vsvip", tenant="blue")
    actions = await plan.swept(bed.context(), bed.client(), bed.stored)
    since = bed.controller.journal.last
    await bed.sweep()
    deleted = bed.controller.journal.entries(since=since, method="DELETE")
    planned = {(action.kind, action.where.rpartition(" ")[2]) for action in actions}
    assert {(kinds.model_of(call.subject.kind), call.subject.tenant) for call in deleted} == planned
