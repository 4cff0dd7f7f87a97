"""One workload API of the bed for all tests here, and a controller of each test's own."""

import collections.abc
import itertools

import pytest
from akoo_testbed import running
from akoo_testbed.akosim import bench as benches
from akoo_testbed.avisim import pytest as avisim_plugin
from akoo_testbed.kubelet import KubeletOptions
from akoo_testbed.kubelet.options import AkoProgram

numbers = itertools.count()


@pytest.fixture(scope="package")
def kubeconfig(bed: running.RunningBed) -> collections.abc.Iterator[str]:
    """An administrator's way into a workload API without Nodes."""
    pool = bed.bed.workloads
    yield bed.run(pool.open("tests", "akosim")).kubeconfig
    bed.run(pool.close("tests", "akosim"))


@pytest.fixture
def avisim_options() -> avisim_plugin.AviOptions:
    """Strict: a field that Avi does not know fails the test."""
    return avisim_plugin.AviOptions(strict=True, seed=3)


@pytest.fixture
def kubelet_options() -> KubeletOptions:
    return KubeletOptions(
        ako_program=AkoProgram.AKOSIM, restart_seconds=0.05, ako_timeout_seconds=1.0
    )


@pytest.fixture
async def bench(
    kubeconfig: str, avisim: avisim_plugin.RunningAvi, kubelet_options: KubeletOptions
) -> collections.abc.AsyncGenerator[benches.Bench, None]:
    """A namespace, a Node and a furnished controller; AKO is not installed yet."""
    home = f"avi-system-{next(numbers)}"
    async with benches.bench(kubeconfig, avisim, home, kubelet_options) as bench:
        yield bench
