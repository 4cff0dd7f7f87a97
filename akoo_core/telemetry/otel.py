"""The OTEL_* variables that are used, besides the settings. Pure.

Their meaning is OpenTelemetry's (specification, "SDK environment variables" and "OTLP exporter").
Settings override variables, and variables for traces override those for all signals.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib import parse

from akoo_core import errors

SERVICE = "akoo-core"
PROTOCOL = "http/protobuf"

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_CERTIFICATES = ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE")
_TIMEOUTS = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")


def wanted(environ: Mapping[str, str]) -> bool:
    """Spans may be exported. Raises InputError for an unknown exporter."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip()
    if exporter not in ("", "otlp", "none"):
        raise errors.InputError(
            f"OTEL_TRACES_EXPORTER: {exporter!r} is not supported. It is one of otlp, none"
        )
    return exporter != "none"


def traces_url(endpoint: str, environ: Mapping[str, str]) -> str:
    """The URL for spans; "" for none. ``endpoint`` is the setting.

    Raises InputError, naming its source, for what is no URL.
    """
    if not endpoint and environ.get(_ENDPOINTS[0]):
        return _url(environ[_ENDPOINTS[0]], _ENDPOINTS[0])
    base = endpoint or environ.get(_ENDPOINTS[1], "")
    if not base:
        return ""
    base = _url(base, "telemetry.endpoint" if endpoint else _ENDPOINTS[1]).rstrip("/")
    return base if base.endswith("/v1/traces") else f"{base}/v1/traces"


def check_protocol(environ: Mapping[str, str]) -> None:
    """Raises InputError for another protocol than OTLP over HTTP."""
    for name in _PROTOCOLS:
        protocol = environ.get(name, "").strip()
        if protocol not in ("", PROTOCOL):
            raise errors.InputError(
                f"{name}: {protocol!r} is not supported. Spans leave by {PROTOCOL} only: give the "
                "collector's HTTP port (usually 4318), or unset it"
            )


def timeout_seconds(environ: Mapping[str, str], default: float) -> float:
    """Deadline of one export; variables are in seconds, as in the Python SDK. Raises InputError."""
    for name in _TIMEOUTS:
        text = environ.get(name, "").strip()
        if text:
            try:
                seconds = float(text)
            except ValueError:
                seconds = 0.0
            if not 0.0 < seconds < 3600.0:
                raise errors.InputError(f"{name}: {text!r} is not a number of seconds above 0")
            return seconds
    return default


def own_ca(environ: Mapping[str, str]) -> bool:
    """A variable names the CA of the collector."""
    return any(environ.get(name) for name in _CERTIFICATES)


def service_name(setting: str, environ: Mapping[str, str]) -> str:
    """The service that spans are shown under."""
    attributes = _attributes(environ.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    named = environ.get("OTEL_SERVICE_NAME", "").strip()
    return setting or named or attributes.get("service.name", "") or SERVICE


def _attributes(text: str) -> dict[str, str]:
    """``key=value,key=value``, values in percent encoding; anything else is skipped."""
    pairs = (pair.partition("=") for pair in text.split(","))
    return {key.strip(): parse.unquote(value.strip()) for key, equals, value in pairs if equals}


def _url(text: str, source: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise errors.InputError(f"{source}: {text!r} is not a URL such as http://jaeger:4318")
    return text
