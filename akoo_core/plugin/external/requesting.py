"""An adapter of requests that connects as the external call around does. Needs requests."""

from __future__ import annotations

import ssl
from typing import Any

from akoo_core import external
from akoo_core.outside import requesting
from akoo_core.outside.requesting import ProxyFailedError, causes

__all__ = ["ProxiedAdapter", "ProxyFailedError", "causes"]


class ProxiedAdapter(requesting.ProxyAdapter):
    """Connects through the proxy of the external call around; TLS by ``context``."""

    def __init__(self, *, context: ssl.SSLContext, **options: Any) -> None:
        super().__init__(context=context, choose=external.proxy_for, **options)
