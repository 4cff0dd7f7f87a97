"""Events of a cluster's life, for information only."""

from __future__ import annotations

from typing import Literal

from akoo_core import structs


class LifecycleEvent(structs.Struct, frozen=True, kw_only=True):
    """An event in this process, lost over restarts; decide nothing by it."""

    kind: Literal[
        "ClusterSelected", "ClusterUnmatched", "ClusterDeleting", "ClusterLetGo", "RecordFinished"
    ]
    record_name: str
    namespace: str
    name: str
