"""The trace of an attempt, and the time of the next one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from akoo_core import external
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet


@pytest.fixture
def tracer() -> Iterator[tuple[trace.Tracer, InMemorySpanExporter]]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider.get_tracer("test"), exporter
    provider.shutdown()


Tracing = tuple[trace.Tracer, InMemorySpanExporter]


async def attributes(fleet: ReconcileFleet, name: str, tracing: Tracing) -> dict[str, object]:
    tracer, exporter = tracing
    exporter.clear()
    with tracer.start_as_current_span("attempt"):
        await fleet.run(name)
    return dict(exporter.get_finished_spans()[-1].attributes or {})


async def test_attempts_are_found_by_cluster_and_operation(
    fleet: ReconcileFleet, tracer: Tracing
) -> None:
    await fleet.config()
    name = await fleet.cluster()
    first = await attributes(fleet, name, tracer)
    assert first == {
        "akoo.record": name,
        "akoo.cluster": "demo/shop",
        "akoo.operation.id": f"{name}/live/default/1",
        "akoo.idle": False,
    }
    rest = await attributes(fleet, name, tracer)
    assert rest["akoo.idle"] is True, "reading is nothing to tell of"
    await fleet.delete_cluster()
    gone = await attributes(fleet, name, tracer)
    assert gone["akoo.operation.id"] == f"{name}/leave/20260301T120000Z"
    assert gone["akoo.idle"] is False


async def test_the_trace_of_the_last_change_is_in_the_status(
    fleet: ReconcileFleet, tracer: Tracing
) -> None:
    await fleet.config()
    name = await fleet.cluster()
    await attributes(fleet, name, tracer)
    (span,) = tracer[1].get_finished_spans()
    assert span.context is not None
    changed = trace.format_trace_id(span.context.trace_id)
    assert fleet.record(name).status.last_trace_id == changed
    await attributes(fleet, name, tracer)
    assert fleet.writes == []
    assert fleet.record(name).status.last_trace_id == changed


async def test_failures_back_off_and_success_forgets_them(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str, tracer: Tracing
) -> None:
    avi.fail["prepare"] = RuntimeError("down")
    waits = [(await fleet.run(name)).requeue_after for _ in range(12)]
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0]
    assert waits[-1] == 300.0
    assert fleet.writes == [], "the same failure is not written again"
    assert (await attributes(fleet, name, tracer))["akoo.idle"] is False
    avi.fail.clear()
    await fleet.run(name)
    avi.fail["prepare"] = RuntimeError("down")
    assert (await fleet.run(name)).requeue_after == 1.0


async def test_writes_are_noted_in_tasks_too() -> None:
    seam = external.External()
    with external.noted_writes() as writes:
        async with seam.call("avi", "GET cloud", write=False):
            pass
        async with seam.call("avi", "POST pool", write=True):
            pass
    async with seam.call("avi", "POST late", write=True):
        pass
    assert writes == ["avi POST pool"]


async def test_the_condition_list_of_an_old_cluster_api_is_left_alone(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In v1beta1 it is atomic: an apply of ours would take everybody else's away."""
    target = fleet.world.cluster_of(name)
    assert target is not None
    old = reconcile_fleet.with_api_version(target, "cluster.x-k8s.io/v1beta1")
    avi.fail["prepare"] = RuntimeError("down")
    with monkeypatch.context() as patched:
        patched.setattr(fleet.world, "cluster_of", lambda name: old)
        await fleet.run(name)
    assert [write for write in fleet.writes if "clusters" in write] == []
    assert fleet.condition(name, "Ready") == ("False", "VerbFailed")
    assert fleet.on_cluster() == ("True", "Running")
    await fleet.run(name)
    assert fleet.on_cluster() == ("False", "VerbFailed"), "in v1beta2 it is said"


async def test_a_new_cluster_of_the_same_name_gets_no_condition_of_the_old_one(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caches still show the old one."""
    old = fleet.world.cluster_of(name)
    await fleet.tear_down()
    await fleet.patch_cluster({"metadata": {"finalizers": None}})
    await fleet.delete_cluster()
    await fleet.cluster()
    avi.fail["prepare"] = RuntimeError("down")
    monkeypatch.setattr(fleet.world, "cluster_of", lambda name: old)
    await fleet.run(name)
    assert fleet.condition(name, "Ready") == ("False", "VerbFailed")
    assert fleet.on_cluster() is None


async def test_a_cluster_whose_record_is_lost_says_so(fleet: ReconcileFleet) -> None:
    name = await fleet.cluster(finalizers=["cluster.cluster.x-k8s.io", names.FINALIZER])
    await fleet.delete_cluster()
    outcome = await fleet.run(name)
    assert fleet.on_cluster() == ("False", "RecordMissing")
    assert outcome.requeue_after == 60.0
    await fleet.run(name)
    assert fleet.writes == []
    await fleet.config()
    await fleet.run(name)
    assert fleet.management.objects(resources.AKO_DEPLOYMENTS), "made again, to clean up by"


async def test_an_attempt_that_found_nothing_to_do_is_idle(
    fleet: ReconcileFleet, tracer: Tracing
) -> None:
    """It is not exported then: a healthy fleet is looked at all day."""
    await fleet.config()
    name = await fleet.cluster()
    assert (await attributes(fleet, name, tracer))["akoo.idle"] is False
    for _ in range(3):
        last = await attributes(fleet, name, tracer)
    assert last["akoo.idle"] is True
