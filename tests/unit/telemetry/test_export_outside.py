"""Spans on their way to a collector outside: proxy and CAs."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest
from akoo_testbed.trust import certificates
from opentelemetry.exporter.otlp.common import http
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from akoo_core.outside import bundle, failures, proxies
from akoo_core.telemetry import export, otel
from tests import connect_proxy, tls_server

VARIABLE = "OTEL_EXPORTER_OTLP_CERTIFICATE"


@pytest.fixture
def proxy() -> Iterator[connect_proxy.ConnectProxy]:
    with connect_proxy.running() as made:
        yield made


@pytest.fixture
def collector(tmp_path: pathlib.Path) -> Iterator[tls_server.TlsServer]:
    with tls_server.running(tmp_path, b"") as made:
        yield made


@pytest.fixture
def span() -> sdk.ReadableSpan:
    memory = InMemorySpanExporter()
    provider = sdk.TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    provider.get_tracer("test").start_span("attempt").end()
    provider.shutdown()
    (made,) = memory.get_finished_spans()
    return made


@pytest.fixture
def other_ca(tmp_path: pathlib.Path) -> pathlib.Path:
    file = tmp_path / "other.pem"
    file.write_text(certificates.Authority("other").pem)
    return file


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between the SDK's attempts."""
    monkeypatch.setattr(http._OTLPHTTPClient, "_compute_backoff", lambda *_: 0.0)


def sent(
    span: sdk.ReadableSpan,
    collector: tls_server.TlsServer,
    *,
    through: proxies.Proxies = proxies.NONE,
    ca: pathlib.Path | None = None,
    own_ca: bool = False,
) -> bool:
    exporter = export.exporter(
        f"https://{collector.place}/v1/traces",
        seconds=5.0,
        through=through,
        cas=bundle.CaBundle(str(ca or collector.ca_file)),
        own_ca=own_ca,
    )
    try:
        return exporter.export([span]) is SpanExportResult.SUCCESS
    finally:
        exporter.shutdown()


def test_they_go_through_the_proxy(
    span: sdk.ReadableSpan, collector: tls_server.TlsServer, proxy: connect_proxy.ConnectProxy
) -> None:
    assert sent(span, collector, through=proxy.through(credential=connect_proxy.CREDENTIAL))
    assert proxy.targets == [collector.place]
    assert proxy.credentials == [connect_proxy.HEADER]
    assert b"".join(proxy.seen).startswith(b"\x16\x03")  # a TLS handshake
    assert [path for path, _ in collector.requests] == ["/v1/traces"]


def test_hosts_of_no_proxy_are_called_directly(
    span: sdk.ReadableSpan, collector: tls_server.TlsServer, proxy: connect_proxy.ConnectProxy
) -> None:
    assert sent(span, collector, through=proxy.through("127.0.0.1"))
    assert proxy.targets == []


def test_the_environment_is_not_asked_again(
    span: sdk.ReadableSpan,
    collector: tls_server.TlsServer,
    proxy: connect_proxy.ConnectProxy,
    other_ca: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert sent(span, collector)
    assert proxy.targets == []
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(collector.ca_file))
    assert not sent(span, collector, ca=other_ca)


def test_the_collector_needs_a_certificate_of_the_bundle(
    span: sdk.ReadableSpan,
    collector: tls_server.TlsServer,
    other_ca: pathlib.Path,
) -> None:
    assert sent(span, collector)
    collector.requests.clear()
    assert not sent(span, collector, ca=other_ca)
    assert collector.requests == []


def test_the_collectors_own_ca_counts_alone(
    span: sdk.ReadableSpan,
    collector: tls_server.TlsServer,
    other_ca: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not otel.own_ca({})
    assert otel.own_ca({VARIABLE: "x"})
    assert otel.own_ca({"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE": "x"})
    monkeypatch.setenv(VARIABLE, str(collector.ca_file))
    assert sent(span, collector, ca=other_ca, own_ca=True)
    monkeypatch.setenv(VARIABLE, str(other_ca))
    assert not sent(span, collector, own_ca=True)


@pytest.mark.parametrize("behaviour", connect_proxy.HOSTILE)
def test_a_hostile_proxy_is_one_line_without_its_credential(
    span: sdk.ReadableSpan,
    collector: tls_server.TlsServer,
    proxy: connect_proxy.ConnectProxy,
    behaviour: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    problem = proxy.behave(behaviour, monkeypatch)
    assert not sent(span, collector, through=proxy.through(credential=connect_proxy.CREDENTIAL))
    assert problem in caplog.text
    assert "c4nary" not in caplog.text
    assert "operator:" not in caplog.text
    assert collector.requests == []


def test_a_proxy_that_is_away_is_named_with_the_remedy(
    span: sdk.ReadableSpan, collector: tls_server.TlsServer, caplog: pytest.LogCaptureFixture
) -> None:
    with connect_proxy.running() as proxy:
        through = proxy.through()
    assert not sent(span, collector, through=through)
    assert failures.unreachable(proxy.proxy) in caplog.text
