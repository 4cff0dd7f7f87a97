"""The seam of external calls: each request of a plugin goes through it."""

from akoo_core.external import (
    DEFAULT_DEADLINE_SECONDS,
    MAX_DEADLINE_SECONDS,
    External,
)

__all__ = ["DEFAULT_DEADLINE_SECONDS", "MAX_DEADLINE_SECONDS", "External"]
