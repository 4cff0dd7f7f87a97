"""One workload API of the bed, without a Cluster or a Node, for all tests of this folder."""

import collections.abc

import pytest
from akoo_testbed import kubeapi, running


@pytest.fixture(scope="package")
def kubeconfig(bed: running.RunningBed) -> collections.abc.Iterator[str]:
    """An administrator's way into a workload API with StatefulSets, and without Nodes."""
    pool = bed.bed.workloads
    yield bed.run(pool.open("tests", "kubelet")).kubeconfig
    bed.run(pool.close("tests", "kubelet"))


@pytest.fixture
async def api(kubeconfig: str) -> collections.abc.AsyncIterator[kubeapi.KubeApi]:
    """A client of that API."""
    async with kubeapi.KubeApi(kubeconfig) as client:
        yield client
