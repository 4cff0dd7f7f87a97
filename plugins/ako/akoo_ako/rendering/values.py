"""The data of ConfigMap avi-k8s-config for one release and mode; pure.

Every key of the release is always written: the StatefulSet names each by configMapKeyRef, and one
that is missing keeps the container from starting (CreateContainerConfigError).
"""

from __future__ import annotations

import hashlib
from typing import Final

from akoo_ako import names
from akoo_ako.desired import Desired
from akoo_ako.rendering import mapping
from akoo_core.plugin import structs

LIVE_KEYS: Final = frozenset({"logLevel", "enableEvents", names.DELETE_CONFIG})
"""AKO follows these while it runs. They must not roll its Pod: a restart in the middle of a
deletion turns it into a partial one that still says Done."""


def render(desired: Desired) -> dict[str, str]:
    """The ConfigMap's data."""
    rows = mapping.rows(desired.release)
    data = {row.key: _text(row, desired) for row in rows if row.in_config_map(desired)}
    return {**data, **desired.values.keys}


def digest(data: dict[str, str], *, replicas: int) -> str:
    """Changes when AKO has to start anew for its configuration to take effect.

    The number of replicas counts: a single AKO takes no lease, so that a second one beside it would
    lead, too, for as long as the first is not started again.
    """
    lasting = {key: value for key, value in data.items() if key not in LIVE_KEYS}
    return hashlib.sha256(structs.encode_json([lasting, replicas])).hexdigest()[:16]


def _text(row: mapping.Row, desired: Desired) -> str:
    value = row.read(desired)
    if value is None:
        return row.default
    return str(value).lower() if isinstance(value, bool) else str(value)
