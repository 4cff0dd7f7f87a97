"""A cluster as plugins see it, and a tracer that remembers."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from akoo_core import clock, external
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin_host import observed


class _NoSecrets:
    """Says so when a verb of these tests asks for a secret."""

    async def read(self, source: api.SecretSource) -> bytes | None:
        raise AssertionError(f"nobody should read {source.name}")

    async def version(self, namespace: str, name: str, *, of_ancestor: bool = False) -> str:
        raise AssertionError(f"nobody should read {name}")


class _NoThreads:
    """Says so when a verb of these tests asks for a thread."""

    async def run(self, function: object, /, *args: object, **kwargs: object) -> object:
        raise AssertionError("nobody should use a thread")


@pytest.fixture
def view() -> api.View:
    return api.View(
        record_name="akoo-000000000001",
        spec=record.RecordSpec(
            ako_cluster_name="akoo-000000000001",
            management_id="m",
            cluster_ref=record.ClusterRef(namespace="demo", name="shop", uid="u-1"),
            config_ref=record.ConfigRef(name="default", uid="u-2"),
        ),
        cluster=None,
        config={},
    )


@pytest.fixture
def ctx(view: api.View) -> api.VerbContext:
    return api.VerbContext(
        view=view,
        plugin="demo",
        clock=clock.ManualClock(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)),
        external=external.External(),
        workload=None,
        workload_silent_seconds=0.0,
        secrets=_NoSecrets(),
        threads=_NoThreads(),  # type: ignore[arg-type]
        tracer=trace.get_tracer("test"),
        log=logging.LoggerAdapter(logging.getLogger("test")),
    )


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Finished spans of verbs. No global provider is set."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(observed, "_tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()
