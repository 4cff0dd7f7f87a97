"""A bed of this folder's own, whose servers may be stopped, and operators behind a gate."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest
from akoo_testbed import background, kubeapi, running
from akoo_testbed import bed as beds

from akoo_core import settings
from akoo_core.plugin_host import loader
from akoo_core.sandbox import demo, install
from tests import crds
from tests.fire import fire_bed, fire_gate, fire_operator

PROOF = bool(os.environ.get("AKOO_PROOF"))
"""True: run at full length (``make proof``)."""


@pytest.fixture(scope="package")
def bed(request: pytest.FixtureRequest) -> Iterator[running.RunningBed]:
    """Not the bed that other tests share: here API servers and stores are stopped."""
    whole = beds.Bed(beds.BedOptions(crds=(crds.FOLDER,), workload_servers=2))
    loop = background.LoopThread("fire-bed")
    loop.start()
    failed = request.session.testsfailed
    try:
        loop.run(whole.start())
        yield running.RunningBed(loop, whole)
        if request.session.testsfailed > failed:
            print(f"logs of the test bed: {whole.base.keep_logs()}")  # noqa: T201
        loop.run(whole.stop())
    finally:
        loop.stop()


@pytest.fixture(scope="package")
def token(bed: running.RunningBed) -> str:
    """Of the operator's account, which has the rights that are rendered for it."""
    whole = bed.bed
    plugins = loader.load(settings.load(overrides={"enabledPlugins": "ako"}))
    bed.run(install.install(whole.api, plugins))
    for secret in demo.credentials(whole.base.authority.pem):
        bed.run(whole.api.apply(secret))
    bed.run(whole.api.apply(install.secret("canary", username="ako", password="of no worth")))
    return bed.run(whole.api.token(install.NAMESPACE, install.ACCOUNT))


@pytest.fixture
async def gate(bed: running.RunningBed) -> AsyncIterator[fire_gate.Gate]:
    async with fire_gate.Gate(bed.bed.base, bed.url) as made:
        yield made


@pytest.fixture
async def operators(
    bed: running.RunningBed, gate: fire_gate.Gate, token: str
) -> AsyncIterator[fire_operator.Operators]:
    made = fire_operator.Operators(bed.bed.base, gate, token)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def fire(
    bed: running.RunningBed,
    gate: fire_gate.Gate,
    operators: fire_operator.Operators,
    namespace: str,
) -> AsyncIterator[fire_bed.FireBed]:
    """A namespace of this test's own, with nobody at work in it yet."""
    async with kubeapi.KubeApi(bed.kubeconfig) as api:
        yield fire_bed.FireBed(bed, api, namespace, gate)
