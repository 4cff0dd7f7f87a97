"""The rules for every plugin, as checks that any plugin runs with a few lines.

See :class:`Suite` for pytest, :func:`problems` for everything else.
"""

from akoo_core.testing.conformance.subject import ConformanceError, Subject
from akoo_core.testing.conformance.suite import CHECKS, Suite, problems, unreached

__all__ = ["CHECKS", "ConformanceError", "Subject", "Suite", "problems", "unreached"]
