"""The traces that leave, and the masks of their values."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import context as context_
from opentelemetry import trace
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from akoo_core.telemetry import export, redaction, tail

CLIENT = trace.SpanKind.CLIENT


@pytest.fixture
def memory() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(memory: InMemorySpanExporter) -> Iterator[trace.Tracer]:
    provider = sdk.TracerProvider(shutdown_on_exit=False)
    exporter = export.RedactingExporter(memory)
    provider.add_span_processor(tail.TailFilter(SimpleSpanProcessor(exporter)))
    yield provider.get_tracer("test")
    provider.shutdown()


def names(memory: InMemorySpanExporter) -> list[str]:
    return [span.name for span in memory.get_finished_spans()]


def attempt(tracer: trace.Tracer, *, idle: bool, failed: bool = False) -> None:
    with tracer.start_as_current_span("root", context=context_.Context()) as root:
        with tracer.start_as_current_span("child"), tracer.start_as_current_span("grandchild"):
            pass
        root.set_attribute("akoo.idle", idle)
        if failed:
            root.set_status(trace.Status(trace.StatusCode.ERROR, "x"))


def test_nothing_leaves_before_the_root_ends(
    tracer: trace.Tracer, memory: InMemorySpanExporter
) -> None:
    with tracer.start_as_current_span("root"):
        with tracer.start_as_current_span("child"):
            pass
        assert names(memory) == []
    assert names(memory) == ["child", "root"]


def test_idle_attempts_stay_here_unless_they_failed(
    tracer: trace.Tracer, memory: InMemorySpanExporter
) -> None:
    attempt(tracer, idle=True)
    assert names(memory) == []
    attempt(tracer, idle=True, failed=True)
    assert names(memory) == ["grandchild", "child", "root"]
    memory.clear()
    attempt(tracer, idle=False)
    assert names(memory) == ["grandchild", "child", "root"]


@pytest.mark.parametrize("idle", [True, False])
def test_what_ends_after_its_root_shares_its_fate(
    tracer: trace.Tracer, memory: InMemorySpanExporter, idle: bool
) -> None:
    with tracer.start_as_current_span("root", attributes={"akoo.idle": idle}):
        late = tracer.start_span("late")
    late.end()
    assert ("late" in names(memory)) is not idle


@pytest.mark.parametrize(
    ("name", "write", "kept"),
    [
        ("kubernetes watch clusters", False, False),
        ("kubernetes update leases", True, False),
        ("kubernetes patch clusters", True, True),
    ],
)
def test_bare_calls(
    tracer: trace.Tracer, memory: InMemorySpanExporter, name: str, write: bool, kept: bool
) -> None:
    attributes: dict[str, str | bool] = {"akoo.system": "kubernetes", "akoo.write": write}
    with tracer.start_as_current_span(name, kind=CLIENT, attributes=attributes):
        pass
    assert bool(names(memory)) is kept


def test_a_bare_read_with_news_is_exported(
    tracer: trace.Tracer, memory: InMemorySpanExporter
) -> None:
    attributes: dict[str, str | bool] = {"akoo.system": "vcenter", "akoo.write": False}
    with tracer.start_as_current_span("wait", kind=CLIENT, attributes=attributes) as span:
        span.add_event("changed")
    assert names(memory) == ["wait"]


def test_a_huge_trace_is_passed_on_as_it_comes(
    tracer: trace.Tracer, memory: InMemorySpanExporter
) -> None:
    with tracer.start_as_current_span("root", attributes={"akoo.idle": True}):
        for _ in range(tail.MAX_SPANS + 1):
            tracer.start_span("child").end()
        assert len(names(memory)) == tail.MAX_SPANS + 1


def test_lost_roots_do_not_pile_up(memory: InMemorySpanExporter) -> None:
    held = tail.TailFilter(SimpleSpanProcessor(memory))
    provider = sdk.TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(held)
    tracer = provider.get_tracer("test")
    for _ in range(tail.MAX_TRACES + 50):
        root = tracer.start_span("lost", context=context_.Context())
        tracer.start_span("child", context=trace.set_span_in_context(root)).end()
    assert len(held._open) == tail.MAX_TRACES
    provider.shutdown()


def test_secrets_are_masked_in_every_text(
    tracer: trace.Tracer, memory: InMemorySpanExporter
) -> None:
    canary = "c4n4ry-of-the-export-tests"
    redaction.register(canary)
    link = trace.Link(trace.SpanContext(1, 2, is_remote=True))
    with tracer.start_as_current_span(f"GET {canary}", links=[link]) as span:
        span.set_attribute("a", f"x {canary}")
        span.set_attribute("b", [canary, "y"])
        span.set_attribute("n", 7)
        span.add_event("e", {"c": canary})
        span.set_status(trace.Status(trace.StatusCode.ERROR, f"wrong {canary}"))
    (done,) = memory.get_finished_spans()
    assert canary not in done.to_json()
    assert dict(done.attributes or {}) == {
        "a": "x [redacted]",
        "b": ("[redacted]", "y"),
        "n": 7,
    }
    assert done.status.description == "wrong [redacted]"
    assert [link.context.span_id for link in done.links] == [2]
    assert (done.start_time or 0) > 0
    assert (done.end_time or 0) >= (done.start_time or 0)


# What is held too long.


class Held:
    """A tail filter with a clock of its own, and a tracer over it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.memory = InMemorySpanExporter()
        self.filter = tail.TailFilter(SimpleSpanProcessor(self.memory), now=lambda: self.seconds)
        self.provider = sdk.TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(self.filter)
        self.tracer = self.provider.get_tracer("test")


@pytest.fixture
def held() -> Iterator[Held]:
    made = Held()
    yield made
    made.provider.shutdown()


def test_an_attempt_that_hangs_can_be_seen(held: Held) -> None:
    root = held.tracer.start_span("root", attributes={"akoo.cluster": "demo/shop"})
    with trace.use_span(root):
        with held.tracer.start_as_current_span("before"):
            pass
        verb = held.tracer.start_span("sweep avi", attributes={"akoo.verb": "sweep"})
    held.seconds = tail.HOLD_SECONDS - 1
    held.filter.release()
    assert names(held.memory) == []
    held.seconds = tail.HOLD_SECONDS
    held.filter.release()
    held.filter.release()
    running = {"root (still running)", "sweep avi (still running)"}
    assert names(held.memory)[0] == "before"
    assert set(names(held.memory)[1:]) == running
    shown = {span.name: span for span in held.memory.get_finished_spans()}
    marker = shown["sweep avi (still running)"]
    assert marker.attributes is not None
    assert marker.attributes["akoo.result"] == tail.RUNNING
    assert marker.parent == verb.get_span_context()
    attributes = shown["root (still running)"].attributes
    assert attributes is not None
    assert attributes["akoo.cluster"] == "demo/shop"
    verb.end()
    root.set_attribute("akoo.idle", value=True)
    root.end()
    assert names(held.memory)[-2:] == ["sweep avi", "root"], "the real ones follow"


def test_a_watch_that_stays_open_goes_nowhere(held: Held) -> None:
    watch = held.tracer.start_span("watch", kind=CLIENT, attributes={"akoo.system": "kubernetes"})
    held.seconds = 1000.0
    held.filter.release()
    watch.end()
    assert names(held.memory) == []


def test_what_is_held_leaves_at_shutdown(held: Held) -> None:
    root = held.tracer.start_span("root")
    with trace.use_span(root), held.tracer.start_as_current_span("child"):
        pass
    held.filter.shutdown()
    assert names(held.memory) == ["child", "root (still running)"]
    root.end()


def test_the_thread_that_looks_ends(held: Held) -> None:
    held.filter.start()
    held.filter.shutdown()
    assert held.filter._thread is not None
    assert not held.filter._thread.is_alive()
