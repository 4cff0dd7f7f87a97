"""For plugin authors' tests: API servers in memory. Nothing in akoo_core imports this package."""

from akoo_core.testing.memory import BUILT_IN, MemoryServer
from akoo_core.testing.memory_client import MemoryClient
from akoo_core.testing.memory_faults import Faults

__all__ = ["BUILT_IN", "Faults", "MemoryClient", "MemoryServer"]
