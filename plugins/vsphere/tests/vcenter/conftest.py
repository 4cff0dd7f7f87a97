"""A client of a strict vCenter, which is as it was at its start for each test."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import pytest
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere.client.account import Account, RefusalMemory
from akoo_vsphere.client.client import SoapClient
from akoo_vsphere.client.sessions import SharedVCenters

from akoo_core.plugin import external
from akoo_core.plugin.clock import ManualClock
from tests.vsphere.vcenter_client import Open


@pytest.fixture
def account(vcsim: vcsim_plugin.RunningVcsim) -> Account:
    """The operator's account on the vCenter."""
    options = vcsim.part.options
    return Account(
        address=vcsim.part.address,
        username=options.username,
        password=options.password,
        ca_pem=vcsim.ca_file.read_text(),
        secret_version="uid/1",
        source="Secret akoo/vcenter",
    )


@pytest.fixture
def clock() -> ManualClock:
    """The clock of the client: pauses between looks at a task move it, and nothing else does."""
    return ManualClock()


@pytest.fixture
async def vcenters(clock: ManualClock) -> AsyncIterator[SharedVCenters]:
    async def sleep(seconds: float) -> None:
        clock.advance(seconds)
        await asyncio.sleep(0)

    registry = SharedVCenters(now=clock, sleep=sleep)
    yield registry
    await registry.close()


@pytest.fixture
def open_client(vcenters: SharedVCenters, account: Account) -> Open:
    """A client of the account, with these fields changed."""

    async def opened(memory: RefusalMemory | None = None, **fields: str) -> SoapClient:
        changed = dataclasses.replace(account, **fields)
        return await vcenters.client(changed, external=external.External(), memory=memory)

    return opened


@pytest.fixture
async def client(open_client: Open) -> SoapClient:
    return await open_client()
