"""Spans that are exported: the OpenTelemetry SDK, if it is installed and has a destination.

Nothing here may delay the process: the SDK's own ``shutdown`` takes 30 s with a dead collector, so
it runs in a thread that is abandoned.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry import trace

from akoo_core import errors
from akoo_core.outside import bundle, proxies
from akoo_core.telemetry import otel

EXPORT_SECONDS = 3.0
"""Deadline of one export to the collector, unless OTEL_EXPORTER_OTLP_TIMEOUT is set."""
SHUTDOWN_SECONDS = 3.0
BATCH_DELAY_SECONDS = 1.0
"""Spans are readable in Jaeger about this long after they ended."""

_MISSING = (
    "the OpenTelemetry SDK is not installed, so no spans leave: "
    "pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
)

_log = logging.getLogger(__name__)


class Tracing:
    """Spans that are on their way out; ends with ``shutdown``."""

    def __init__(self, provider: trace.TracerProvider, shutdown: Callable[[], None]) -> None:
        self.provider = provider
        self._shutdown = shutdown
        self._ended = False

    def shutdown(self, seconds: float = SHUTDOWN_SECONDS) -> bool:
        """Send the remaining spans, for at most ``seconds``; blocks. Return True if all were
        sent in time; the others are lost. Safe to call twice."""
        if self._ended:
            return True
        self._ended = True
        # A daemon: the interpreter does not wait for it.
        thread = threading.Thread(target=self._shutdown, name="akoo-otel-shutdown", daemon=True)
        thread.start()
        thread.join(seconds)
        return not thread.is_alive()


def destination(endpoint: str = "", environ: Mapping[str, str] = os.environ) -> str:
    """The URL to which ``start`` would send spans; "" for none.

    Raises InputError for variables with unsupported values, and when the setting needs a package
    that is not installed.
    """
    url = otel.traces_url(endpoint, environ) if otel.wanted(environ) else ""
    if url:
        otel.check_protocol(environ)
        otel.timeout_seconds(environ, EXPORT_SECONDS)
    if url and endpoint and not _installed():
        raise errors.InputError(f"telemetry.endpoint is set, but {_MISSING}")
    return url


def start(
    *,
    endpoint: str = "",
    service_name: str = "",
    version: str = "",
    attributes: Mapping[str, str] | None = None,
    environ: Mapping[str, str] = os.environ,
    through: proxies.Proxies = proxies.NONE,
    cas: bundle.CaBundle | None = None,
) -> Tracing | None:
    """Export spans by OTLP over HTTP from now on, for the whole process. None: nobody asked.

    ``endpoint`` is the collector's base URL (``http://jaeger:4318``), ``service_name`` the service;
    where they are "" the variables of :mod:`akoo_core.telemetry.otel` count. ``through`` and
    ``cas`` are the proxy and the CAs for systems outside. Raises InputError as
    ``destination``; where only the environment asks for what is not installed, that is said once in
    the log.
    """
    url = destination(endpoint, environ)
    if not url:
        return None
    if not _installed():
        _log.warning(_MISSING)
        return None
    from akoo_core.telemetry import export  # noqa: PLC0415 imports the SDK, 70 ms

    service = otel.service_name(service_name, environ)
    resource = {"service.name": service, "service.version": version, **(attributes or {})}
    provider = export.provider(
        export.exporter(
            url,
            seconds=otel.timeout_seconds(environ, EXPORT_SECONDS),
            through=through,
            cas=cas,
            own_ca=otel.own_ca(environ),
        ),
        {name: value for name, value in resource.items() if value},
        delay_seconds=BATCH_DELAY_SECONDS,
    )
    trace.set_tracer_provider(provider)
    _log.info("spans go to the collector", extra={"endpoint": url})
    shut_down: Any = provider.shutdown
    return Tracing(provider, shut_down)


def _installed() -> bool:
    return importlib.util.find_spec("opentelemetry.sdk") is not None
