"""The registry of /metrics, and the metrics of plugins that the core declares."""

from akoo_core.telemetry.metrics import POOL_ADDRESSES, PORT_GROUPS, REGISTRY

__all__ = [
    "POOL_ADDRESSES",
    "PORT_GROUPS",
    "REGISTRY",
]
