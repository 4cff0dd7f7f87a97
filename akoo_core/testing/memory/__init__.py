"""An API server in memory, and its controllers: Cluster API, kubelets, workload clusters."""

from akoo_core.testing.memory.client import MemoryClient
from akoo_core.testing.memory.server import BUILT_IN, MemoryServer

__all__ = ["BUILT_IN", "MemoryClient", "MemoryServer"]
