"""For plugin authors' tests: verbs called on plain values, a whole operator in memory, spans.

::

    def test_it_waits_for_the_cluster() -> None:
        run = testing.run_verb(MyPlugin(), "observe", testing.World(reachable=False))
        assert run.result.reason == "WorkloadUnreachable"

:class:`Fleet` runs the life of a cluster with the real operator on API servers in memory.
:mod:`akoo_core.testing.conformance` checks what every plugin must do. Nothing that the operator
runs imports this package.
"""

from akoo_core.testing import builders, conformance, virtual_time
from akoo_core.testing.calls import Call, Calls, Crash, InlineThreads
from akoo_core.testing.commands import (
    run_audit,
    run_check,
    run_key_plan,
    run_plan,
    run_remove_stray,
)
from akoo_core.testing.deploying import deploy
from akoo_core.testing.fleet import Fleet
from akoo_core.testing.memory import BUILT_IN, MemoryServer
from akoo_core.testing.memory import definitions as memory_definitions
from akoo_core.testing.memory.client import MemoryClient
from akoo_core.testing.memory.cluster_api import MemoryClusterApi
from akoo_core.testing.memory.faults import Faults
from akoo_core.testing.memory.kubelet import MemoryKubelet
from akoo_core.testing.memory.operator import MemoryOperator
from akoo_core.testing.memory.workloads import MemoryWorkload, MemoryWorkloads
from akoo_core.testing.sources import SourceRun, run_source
from akoo_core.testing.spans import Recording, Span, recorded
from akoo_core.testing.verbs import VerbRun, call_verb, run_reconcile, run_verb
from akoo_core.testing.world import World, WorldClock

__all__ = [
    "BUILT_IN",
    "Call",
    "Calls",
    "Crash",
    "Faults",
    "Fleet",
    "InlineThreads",
    "MemoryClient",
    "MemoryClusterApi",
    "MemoryKubelet",
    "MemoryOperator",
    "MemoryServer",
    "MemoryWorkload",
    "MemoryWorkloads",
    "Recording",
    "SourceRun",
    "Span",
    "VerbRun",
    "World",
    "WorldClock",
    "builders",
    "call_verb",
    "conformance",
    "deploy",
    "memory_definitions",
    "recorded",
    "run_audit",
    "run_check",
    "run_key_plan",
    "run_plan",
    "run_reconcile",
    "run_remove_stray",
    "run_source",
    "run_verb",
    "virtual_time",
]
