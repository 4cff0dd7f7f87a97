"""A vCenter of a story, at an address that stays whatever happens behind it."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import secrets
from collections.abc import AsyncIterator

from akoo_testbed import base, parts
from akoo_testbed.trust import certificates
from akoo_testbed.vcsim import Control, PortGroupState, VcsimOptions
from akoo_testbed.workload import listener
from akoo_vsphere import config_spec
from akoo_vsphere.client.account import Account
from akoo_vsphere.client.client import SoapClient
from akoo_vsphere.client.sessions import SharedVCenters
from akoo_vsphere.observed import read
from akoo_vsphere.spec import settings

from akoo_core.plugin import external

OPERATOR = "akoo@vsphere.local"
PERSON = "person@vsphere.local"
DATACENTER, SWITCH = "DC0", "DVS0"
WRITES = frozenset(
    {
        "AddDVPortgroup_Task",
        "ReconfigureDVPortgroup_Task",
        "Rename_Task",
        "Destroy_Task",
        "AddCustomFieldDef",
        "SetField",
    }
)

_numbers = itertools.count(1)


def password() -> str:
    """A new password."""
    return f"Of-{secrets.token_urlsafe(12)}-1"


class VCenter:
    """A simulated vCenter behind a listener, and the hand of a person in it."""

    def __init__(self, bed_base: base.BedBase, options: VcsimOptions | None = None) -> None:
        self._base = bed_base
        self.operator_password, self._person_password = password(), password()
        self.part = self._part(options or VcsimOptions())
        self.front = listener.Listener(self.part.port)

    def _part(self, options: VcsimOptions) -> parts.Vcsim:
        options = dataclasses.replace(
            options,
            username=OPERATOR,
            password=self.operator_password,
            accounts={PERSON: self._person_password},
        )
        return parts.Vcsim(self._base, options, name=f"vcsim-{next(_numbers)}")

    @property
    def control(self) -> Control:
        return self.part.control

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.front.port}"

    @property
    def ca_pem(self) -> str:
        return self._base.authority.pem

    async def open(self) -> None:
        await self.part.start()
        await self.part.ready()
        await self.front.open()

    async def close(self) -> None:
        await self.front.close()
        await self.part.stop()

    # What happens to it.

    async def killed_and_back(self) -> None:
        """Its process ends and starts anew: what was made in it is gone."""
        await self.part.stop()
        await self.part.start()
        await self.part.ready()

    async def replaced(self, options: VcsimOptions) -> None:
        """Another vCenter answers at the address."""
        former, self.part = self.part, self._part(options)
        await self.part.start()
        await self.part.ready()
        self.front.target_port = self.part.port
        await former.stop()

    def present(self, certificate: certificates.KeyPair) -> None:
        """Present another certificate from the next connection on."""
        self.part.present(certificate)

    async def rotate_password(self) -> str:
        """Give the operator's account another password, and end its sessions; the password."""
        self.operator_password = password()
        accounts = {OPERATOR: self.operator_password, PERSON: self._person_password}
        await self.control.change(accounts=accounts)
        await self.control.end_sessions(OPERATOR)
        return self.operator_password

    @contextlib.asynccontextmanager
    async def hand(self) -> AsyncIterator[SoapClient]:
        """A person's client, past the listener."""
        vcenters = SharedVCenters()
        account = Account(
            address=self.part.address,
            username=PERSON,
            password=self._person_password,
            ca_pem=self.ca_pem,
        )
        try:
            yield await vcenters.client(account, external=external.External())
        finally:
            await vcenters.close()

    async def change_vlan(self, mo_ref: str, vlan: int) -> None:
        """A person's change."""
        async with self.hand() as client:
            group = read(await client.port_group(mo_ref), await client.attributes())
            spec = config_spec.reconfigure(group, {settings.VLAN: {"id": vlan}}, None)
            await client.reconfigure(mo_ref, spec)

    async def rename(self, mo_ref: str, name: str) -> None:
        async with self.hand() as client:
            await client.rename(mo_ref, name)

    async def remove(self, mo_ref: str) -> None:
        async with self.hand() as client:
            await client.destroy(mo_ref)

    # What is there.

    async def groups(self) -> dict[str, PortGroupState]:
        """All port groups without uplinks, by name."""
        known = await self.control.port_groups()
        return {state.name: state for state in known.values() if not state.uplink}

    async def writes(self) -> dict[str, int]:
        """Calls that write, by method, since the calls were counted from zero."""
        calls = await self.control.calls()
        return {method: count for method, count in calls.methods.items() if method in WRITES}
