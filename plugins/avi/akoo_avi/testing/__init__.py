"""For tests of what uses akoo_avi.client: an Avi Controller in the same process.

Needs the test bed (distribution akoo-testbed).
"""

from akoo_avi.testing.memory import MemoryAvi, memory_controllers

__all__ = ["MemoryAvi", "memory_controllers"]
