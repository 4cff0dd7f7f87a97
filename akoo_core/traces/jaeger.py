"""Jaeger's query API, as far as `akoo-core trace` needs it."""

from __future__ import annotations

import datetime
from typing import Any

import aiohttp

from akoo_core import errors, structs

SERVICE = "akoo-core"
LIMIT = 1500
"""Traces per question (Jaeger's own ceiling for one page)."""


async def traces(
    url: str, cluster: str, *, now: datetime.datetime, since: datetime.timedelta
) -> dict[str, Any]:
    """The answer of ``/api/traces`` for one cluster (``namespace/name``), newest ``LIMIT`` traces.

    Raises NotReadyError when Jaeger does not answer as Jaeger does.
    """
    query = {
        "service": SERVICE,
        "tags": structs.encode_json({"akoo.cluster": cluster}).decode(),
        "start": str(int((now - since).timestamp() * 1e6)),
        "end": str(int(now.timestamp() * 1e6)),
        "limit": str(LIMIT),
    }
    timeout = aiohttp.ClientTimeout(total=10)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
            session.get(f"{url.rstrip('/')}/api/traces", params=query) as answer,
        ):
            body = await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise errors.NotReadyError(
            "JaegerUnreachable",
            f"Jaeger at {url} does not answer ({type(error).__name__}). Is it running, and is this "
            "its query address (usually port 16686)? Give another by --jaeger.",
        ) from error
    if answer.status != 200:
        raise errors.NotReadyError(
            "JaegerRefused", f"Jaeger at {url} answered {answer.status} to /api/traces"
        )
    decoded = structs.decode_json(body)
    if not isinstance(decoded, dict):
        raise errors.NotReadyError("NotJaeger", f"{url} does not answer as Jaeger's query API does")
    return decoded
