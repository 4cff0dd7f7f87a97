"""Options of commands that read traces: Jaeger, the service, and the age of the oldest trace."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from akoo_core import settings
from akoo_core.objects import config
from akoo_core.telemetry import otel

F = TypeVar("F", bound=Callable[..., Any])


def options(command: F) -> F:
    """Give a command --jaeger (``url``), --service and --since."""
    url = click.option(
        "--jaeger",
        "url",
        default="http://127.0.0.1:16686",
        envvar="AKOO_JAEGER",
        show_envvar=True,
        show_default=True,
        help="Jaeger's query address, as http://localhost:16686.",
    )
    service = click.option(
        "--service", help="Service of the operator's spans. Default: setting telemetry.serviceName."
    )
    since = click.option(
        "--since", default="24h", show_default=True, help="Age of the oldest trace: 30m, 24h."
    )
    return url(service(since(command)))


def lookback(since: str) -> datetime.timedelta:
    """The age of the oldest trace. Raises InputError."""
    return config.parse_duration(since)


def service() -> str:
    """The service of the operator, from the settings and variables of this process."""
    parent = click.get_current_context().parent
    file = parent.params.get("config") if parent is not None else None
    loaded = settings.load(file, os.environ)
    return otel.service_name(loaded.settings.telemetry.service_name, os.environ)
