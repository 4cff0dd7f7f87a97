"""An Avi Controller in the same process, for tests of users of akoo_avi.client.

Needs the test bed (distribution akoo-testbed).
"""

from akoo_avi.testing.memory import MemoryAvi, memory_controllers

__all__ = ["MemoryAvi", "memory_controllers"]
