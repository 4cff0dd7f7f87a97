"""Jaeger's query API, as far as `akoo-core trace` needs it."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

import aiohttp

from akoo_core import errors, structs
from akoo_core.telemetry import otel

FORM = "http://localhost:16686"
"""An example of Jaeger's query address."""
LIMIT = 1500
"""Traces per question (Jaeger's own ceiling for one page)."""


def of_cluster(cluster: str) -> dict[str, str]:
    """The tags of the attempts at a cluster (``namespace/name``)."""
    return {"akoo.cluster": cluster}


def of_object(kind: str, name: str) -> dict[str, str]:
    """The tags of the controllers' attempts at an object."""
    return {"akoo.object": f"{kind}/{name}"}


async def traces(
    url: str,
    tags: Mapping[str, str],
    *,
    now: datetime.datetime,
    since: datetime.timedelta,
    service: str = otel.SERVICE,
) -> dict[str, Any]:
    """The answer of ``/api/traces`` for the traces with these tags (``of_cluster``, ``of_object``),
    the newest ``LIMIT``.

    Raises PrerequisiteError for any other answer than Jaeger's, InputError for a wrong ``url``.
    """
    query = {
        "service": service,
        "tags": structs.encode_json(dict(tags)).decode(),
        "start": str(int((now - since).timestamp() * 1e6)),
        "end": str(int(now.timestamp() * 1e6)),
        "limit": str(LIMIT),
    }
    return await _ask(url, "/api/traces", query)


async def trace_by_id(url: str, trace: str) -> dict[str, Any]:
    """The answer for one trace, by its id. Raises as ``traces``."""
    if not re.fullmatch(r"[0-9a-fA-F]{1,32}", trace):
        raise errors.InputError(f"{trace!r} is not the id of a trace: up to 32 hex digits")
    return await _ask(url, f"/api/traces/{trace}", {})


def page_of(url: str, trace: str) -> str:
    """The address of a trace in Jaeger."""
    return f"{url.rstrip('/')}/trace/{trace}"


async def _ask(url: str, path: str, query: dict[str, str]) -> dict[str, Any]:
    if not url.startswith(("http://", "https://")):
        raise errors.InputError(f"--jaeger: {url!r} is not a URL. Give it as {FORM}")
    timeout = aiohttp.ClientTimeout(total=10)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
            session.get(f"{url.rstrip('/')}{path}", params=query) as answer,
        ):
            body = await answer.read()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise errors.PrerequisiteError(
            "JaegerUnreachable",
            f"Jaeger at {url} does not answer ({type(error).__name__}). Is it running, and is this "
            f"its query address (usually port 16686)? Give another by --jaeger {FORM}",
        ) from error
    if answer.status == 404 and path != "/api/traces":
        raise errors.PrerequisiteError("NoTraces", f"Jaeger at {url} has no such trace")
    if answer.status != 200:
        raise errors.PrerequisiteError(
            "JaegerRefused", f"Jaeger at {url} answered {answer.status} to {path}"
        )
    try:
        decoded = structs.decode_json(body)
    except structs.DecodeError:
        decoded = None
    if not isinstance(decoded, dict):
        raise errors.PrerequisiteError(
            "NotJaeger", f"{url} does not answer as Jaeger's query API does"
        )
    return decoded
