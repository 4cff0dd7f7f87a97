"""The seam of external calls: each request of a plugin goes through it.

``proxy_for`` says how a transport connects within a call: the proxy of the operator reaches plugins
by it. ``open_tunnel`` asks that proxy for a connection. ``requesting`` does both for requests.
"""

from akoo_core.external import (
    DEFAULT_DEADLINE_SECONDS,
    MAX_DEADLINE_SECONDS,
    External,
    proxy_for,
)
from akoo_core.outside.failures import unreachable as unreachable_proxy
from akoo_core.outside.proxies import HttpProxy
from akoo_core.outside.tunnel import TunnelError
from akoo_core.outside.tunnel import open_to as open_tunnel

__all__ = [
    "DEFAULT_DEADLINE_SECONDS",
    "MAX_DEADLINE_SECONDS",
    "External",
    "HttpProxy",
    "TunnelError",
    "open_tunnel",
    "proxy_for",
    "unreachable_proxy",
]
