"""One workload API of the bed for all tests here, and a controller of each test's own."""

import collections.abc
import itertools

import akoo_testbed.akosim.ako_bed as ako_beds
import pytest
from akoo_testbed import running
from akoo_testbed.akosim import avi
from akoo_testbed.avisim import client
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
async def ako_bed(
    kubeconfig: str, avisim: avisim_plugin.RunningAvi, kubelet_options: KubeletOptions
) -> collections.abc.AsyncGenerator[ako_beds.AkoBed, None]:
    """A namespace, a Node and a furnished controller; AKO is not installed yet."""
    home = f"avi-system-{next(numbers)}"
    async with ako_beds.running(kubeconfig, avisim, home, kubelet_options) as ako_bed:
        yield ako_bed


@pytest.fixture
def admin(avisim: avisim_plugin.RunningAvi) -> client.Client:
    """The administrator of a furnished controller, for tests without a cluster."""
    admin = client.Client(avisim.controller, password=avisim.options.password)
    ako_beds.furnish(admin)
    return admin


@pytest.fixture
async def session(
    avisim: avisim_plugin.RunningAvi, admin: client.Client
) -> collections.abc.AsyncGenerator[avi.Avi, None]:
    """AKO's way to that controller."""
    access = avi.Access(
        controller=f"127.0.0.1:{avisim.server.port}",
        username="admin",
        password=avisim.options.password,
        ca_pem=avisim.server.ca_pem,
    )
    session = avi.Avi(access, "admin")
    yield session
    await session.close()
