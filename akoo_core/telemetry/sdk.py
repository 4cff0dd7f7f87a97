"""Spans that leave: the OpenTelemetry SDK, if it is installed and told where to.

Nothing here may hold up the process: the SDK's own ``shutdown`` takes 30 s with a dead collector,
so it runs in a thread that is left behind.
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

EXPORT_SECONDS = 3
"""Of one export to the collector."""
SHUTDOWN_SECONDS = 3.0
BATCH_DELAY_SECONDS = 1.0
"""Spans are readable in Jaeger about this long after they ended."""

_ENVIRONMENT = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_MISSING = (
    "the OpenTelemetry SDK is not installed, so no spans leave: pip install 'akoo-core[otel]'"
)

_log = logging.getLogger(__name__)


class Tracing:
    """Spans that are on their way out; ends with ``shutdown``."""

    def __init__(self, provider: trace.TracerProvider, shutdown: Callable[[], None]) -> None:
        self.provider = provider
        self._shutdown = shutdown
        self._ended = False

    def shutdown(self, seconds: float = SHUTDOWN_SECONDS) -> bool:
        """Send what is left, for at most ``seconds``; blocks. Whether all of it got away in time.

        What did not is lost. Safe to call twice.
        """
        if self._ended:
            return True
        self._ended = True
        # A daemon: the interpreter does not wait for it.
        thread = threading.Thread(target=self._shutdown, name="akoo-otel-shutdown", daemon=True)
        thread.start()
        thread.join(seconds)
        return not thread.is_alive()


def start(
    *,
    endpoint: str = "",
    service_name: str = "akoo-core",
    version: str = "",
    attributes: Mapping[str, str] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Tracing | None:
    """Export spans by OTLP over HTTP from now on, for the whole process. None: nobody asked.

    ``endpoint`` is the collector's base URL (``http://jaeger:4318``); without it the variables
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT and OTEL_EXPORTER_OTLP_ENDPOINT count. Raises InputError
    when the setting asks for what is not installed; where only the environment does, that is said
    once in the log.
    """
    url = traces_url(endpoint, environ)
    if not url:
        return None
    if importlib.util.find_spec("opentelemetry.sdk") is None:
        if endpoint:
            raise errors.InputError(f"telemetry.endpoint is set, but {_MISSING}")
        _log.warning(_MISSING)
        return None
    from akoo_core.telemetry import export  # noqa: PLC0415 imports the SDK, 70 ms

    resource = {"service.name": service_name, "service.version": version, **(attributes or {})}
    provider = export.provider(
        export.exporter(url, seconds=EXPORT_SECONDS),
        {name: value for name, value in resource.items() if value},
        delay_seconds=BATCH_DELAY_SECONDS,
    )
    trace.set_tracer_provider(provider)
    _log.info("spans go to the collector", extra={"endpoint": url})
    shut_down: Any = provider.shutdown
    return Tracing(provider, shut_down)


def traces_url(endpoint: str, environ: Mapping[str, str]) -> str:
    """Where spans are posted; "" when nothing says so. Raises InputError for what is no URL."""
    full = environ.get(_ENVIRONMENT[0], "")
    base = endpoint or environ.get(_ENVIRONMENT[1], "")
    if not endpoint and full:
        return full
    if not base:
        return ""
    if not base.startswith(("http://", "https://")):
        raise errors.InputError(
            f"telemetry.endpoint: {base!r} is not a URL such as http://jaeger:4318"
        )
    base = base.rstrip("/")
    return base if base.endswith("/v1/traces") else f"{base}/v1/traces"
