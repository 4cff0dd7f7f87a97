"""Refused logins of commands and of the operator: one try, wherever it was made."""

from __future__ import annotations

import datetime

import pytest
from akoo_vsphere.connect.login_refusals import SharedRefusals

from akoo_core.plugin import api

ACCOUNT = api.Account(secret="vsphere/account", version="u/1", address="vcenter.example.com")
AT = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class Status:
    """The refusals of a VSphereConnection's status."""

    def __init__(self) -> None:
        self.seconds = 0.0

    async def refused(self) -> float:
        return self.seconds

    async def note(self) -> float:
        self.seconds = 300.0
        return self.seconds

    async def accept(self) -> None:
        self.seconds = 0.0


class Logins:
    """The core's memory in one of its modes."""

    def __init__(self) -> None:
        self.noted: list[api.Account] = []
        self.insists = False

    async def refused(self, account: api.Account) -> api.RefusedLogin | None:
        if account not in self.noted or self.insists:
            return None
        return api.RefusedLogin(at=AT, retry_seconds=0.0, by_command=True)

    async def note(self, account: api.Account) -> float:
        self.noted.append(account)
        return 300.0

    async def accept(self, account: api.Account) -> None:
        self.noted.remove(account)


def both(logins: Logins, status: Status, *, by_command: bool) -> SharedRefusals:
    return SharedRefusals(status, logins, ACCOUNT, by_command=by_command)


@pytest.mark.parametrize("first", [True, False])
async def test_a_refusal_is_known_to_commands_whoever_met_it(first: bool) -> None:
    logins, status = Logins(), Status()
    await both(logins, status, by_command=first).note()
    assert await both(logins, status, by_command=True).refused() > 0
    assert await both(logins, status, by_command=False).refused() == 300.0


async def test_a_person_may_insist() -> None:
    logins, status = Logins(), Status()
    await both(logins, status, by_command=False).note()
    logins.insists = True
    assert await both(logins, status, by_command=True).refused() == 0.0


async def test_the_operator_goes_by_the_status() -> None:
    """Its pauses double up to four hours there."""
    logins, status = Logins(), Status()
    await both(logins, status, by_command=False).note()
    status.seconds = 0.0
    assert await both(logins, status, by_command=False).refused() == 0.0


async def test_an_accepted_login_is_forgotten_in_both() -> None:
    logins, status = Logins(), Status()
    operator = both(logins, status, by_command=False)
    await operator.note()
    await operator.accept()
    assert logins.noted == []
    assert await operator.refused() == 0.0
