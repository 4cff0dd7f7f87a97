"""Spans leave the process, or do not hold it up."""

from __future__ import annotations

import http.server
import importlib.util
import os
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator

import pytest

from akoo_core import errors
from akoo_core.telemetry import otel, sdk

PROGRAM = textwrap.dedent(
    """
    import sys, time
    from akoo_core.telemetry import redaction, sdk, tracing
    redaction.register("c4n4ry-of-the-sdk-tests")
    tracing_ = sdk.start(endpoint=sys.argv[1], version="1")
    with tracing.attempt("attempt", attributes={"akoo.cluster": "demo/shop"}):
        with tracing.step("deploy", attributes={"x": "c4n4ry-of-the-sdk-tests"}):
            pass
    started = time.monotonic()
    sent = tracing_.shutdown(1.0)
    assert tracing_.shutdown()
    print(sent, round(time.monotonic() - started, 1))
    """
)


class Collector(http.server.BaseHTTPRequestHandler):
    received: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    received: list[tuple[str, bytes]] = []
    handler = type("Handler", (Collector,), {"received": received})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()
        thread.join()


def run(url: str, **environment: str) -> tuple[bool, float]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, url],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sent, seconds = done.stdout.split()
    return sent == "True", float(seconds)


def test_spans_reach_the_collector(collector: tuple[str, list[tuple[str, bytes]]]) -> None:
    url, received = collector
    sent, _ = run(url)
    assert sent
    paths, bodies = zip(*received, strict=True)
    assert set(paths) == {"/v1/traces"}
    body = b"".join(bodies)
    for text in (b"akoo-core", b"attempt", b"deploy core", b"demo/shop"):
        assert text in body
    assert b"c4n4ry" not in body


def test_a_dead_collector_does_not_hold_up_the_end() -> None:
    """Neither does the interpreter wait at exit for the thread that still sends."""
    with socket.create_server(("127.0.0.1", 0)) as black_hole:  # accepts, and never answers
        url = f"http://127.0.0.1:{black_hole.getsockname()[1]}"
        sent, seconds = run(url, OTEL_EXPORTER_OTLP_TIMEOUT="3000")
    assert not sent
    assert seconds >= 1.0


def test_nobody_asked() -> None:
    assert sdk.start(environ={}) is None


@pytest.mark.parametrize(
    ("endpoint", "environ", "url"),
    [
        ("", {}, ""),
        ("http://j:4318", {}, "http://j:4318/v1/traces"),
        ("http://j:4318/", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://k"}, "http://j:4318/v1/traces"),
        ("https://j/v1/traces", {}, "https://j/v1/traces"),
        ("", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://k:4318"}, "http://k:4318/v1/traces"),
        ("", {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t/x"}, "http://t/x"),
    ],
)
def test_where_spans_go(endpoint: str, environ: dict[str, str], url: str) -> None:
    assert otel.traces_url(endpoint, environ) == url


def test_an_endpoint_that_is_none() -> None:
    with pytest.raises(errors.InputError, match=r"telemetry\.endpoint"):
        otel.traces_url("jaeger:4318", {})


def test_without_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(errors.InputError, match="pip install opentelemetry-sdk "):
        sdk.start(endpoint="http://j:4318", environ={})
    assert sdk.start(environ={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://j"}) is None


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc'"),
        ({"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, "TRACES_PROTOCOL: 'http/json'"),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER: 'zipkin'.*otlp, none"),
        ({"OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}, "OTEL_EXPORTER_OTLP_TIMEOUT: 'soon'"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "jaeger:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT: 'jaeger"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "jaeger"}, "OTLP_TRACES_ENDPOINT: 'jaeger"),
    ],
)
def test_variables_that_ask_for_what_we_do_not_do(environ: dict[str, str], message: str) -> None:
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://j:4318", **environ}
    with pytest.raises(errors.InputError, match=message):
        sdk.start(environ=variables)


@pytest.mark.parametrize(
    "environ", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}]
)
def test_variables_turn_it_off(environ: dict[str, str]) -> None:
    assert sdk.start(endpoint="http://j:4318", environ=environ) is None


@pytest.mark.parametrize(
    ("setting", "environ", "name"),
    [
        ("", {}, "akoo-core"),
        ("", {"OTEL_RESOURCE_ATTRIBUTES": "a=b,service.name=lb%20prod"}, "lb prod"),
        (
            "",
            {"OTEL_SERVICE_NAME": "lb", "OTEL_RESOURCE_ATTRIBUTES": "service.name=other"},
            "lb",
        ),
        ("akoo-prod", {"OTEL_SERVICE_NAME": "lb"}, "akoo-prod"),
    ],
)
def test_the_name_of_the_service(setting: str, environ: dict[str, str], name: str) -> None:
    assert otel.service_name(setting, environ) == name


def test_how_long_an_export_may_take() -> None:
    both = {"OTEL_EXPORTER_OTLP_TIMEOUT": "7", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "0.5"}
    assert otel.timeout_seconds({}, 3.0) == 3.0
    assert otel.timeout_seconds({"OTEL_EXPORTER_OTLP_TIMEOUT": "7"}, 3.0) == 7.0
    assert otel.timeout_seconds(both, 3.0) == 0.5
