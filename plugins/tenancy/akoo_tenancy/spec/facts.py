"""Facts of this plugin, which only it reads: the place of an account, and its state. No secrets.

Together they answer prepare at rest without any call. ``Stored`` is the intent: all that leaving
needs.
"""

from __future__ import annotations

import datetime
from typing import ClassVar, Literal

from akoo_avi.client.access.reach import Reach

from akoo_core.plugin import api, structs
from akoo_tenancy.journal.record import Reason
from akoo_tenancy.passwords import Rules
from akoo_tenancy.roles.plan import Isolation
from akoo_tenancy.spec import names
from akoo_tenancy.spec.wanted import Asked
from akoo_tenancy.users.wire import Granted

INTENT_VERSION = 1

Phase = Literal["Pending", "Active", "Left"]
"""Pending: given, and not seen in use. Left: AKO was seen with another account."""


class PlacedTenant(structs.Struct, frozen=True, kw_only=True):
    """A tenant that the AKO works in."""

    name: str
    uuid: str


class ControllerRef(structs.Struct, frozen=True, kw_only=True):
    """An AviController, or an AviTenant, that a config names."""

    name: str
    uid: str


class Stored(structs.Struct, frozen=True, kw_only=True):
    """The intent's data: users and roles of this record on one controller."""

    reach: Reach
    controller_uuid: str
    """Of the Avi cluster. Its address may change."""
    tenants: tuple[PlacedTenant, ...]
    controller: ControllerRef | None = None
    """None: the config itself has address and credential."""
    avi_tenant: ControllerRef | None = None
    """The AviTenant that gives the first tenant."""
    own_engines: bool = False
    """The first tenant has service engine groups of its own."""

    @property
    def placement(self) -> str:
        """The place that a cluster leaves as a whole: another one is a relocation."""
        return f"{self.controller_uuid} {self.tenants[0].uuid}"


class TenancyPlace(api.Fact, frozen=True, kw_only=True):
    """The place that prepare found, and the wishes that it was found for."""

    fact_name: ClassVar[str] = "TenancyPlace"

    asked: Asked
    stored: Stored


class AppliedRights(structs.Struct, frozen=True, kw_only=True):
    """The roles as they were applied, and the things that a new user needs beside them."""

    digest: str
    controller: str
    """Release of the controller, ``30.2.2``."""
    access: tuple[Granted, ...]
    profile: str
    rules: Rules
    isolation: Isolation
    reduced: str = ""
    """The thing that isolation does not cover, as a sentence."""


class Former(structs.Struct, frozen=True, kw_only=True):
    """The account of others that AKO had before it got one of ours."""

    username: str
    """"": it is to be looked at, and AKO gets none of ours until then."""
    user_uuid: str = ""
    """"": the controller had no user of that name, or did not show it."""
    left_at: datetime.datetime | None = None
    """AKO was seen with our account. None: it may still work with this one."""
    released: bool = False
    """A person said that it was made for this cluster alone, and may go."""
    last_login: str = ""
    """Its last login in the words of the controller, as it was at ``quiet_since``."""
    quiet_since: datetime.datetime | None = None
    """The last login is the same since then."""
    kept: str = ""
    """The reason why it is still there, as a sentence."""


class TenancyAccount(api.Fact, frozen=True, kw_only=True):
    """The account that was given to AKO last."""

    fact_name: ClassVar[str] = "TenancyAccount"

    sequence: int
    user_uuid: str
    phase: Phase
    reason: Reason
    since: datetime.datetime
    """Pending: it was made. Active: AKO was seen with it. Left: AKO was seen without it."""
    pushed_at: datetime.datetime | None = None
    retiring_at: datetime.datetime | None = None
    """The next time at which a former account is to be deleted."""
    rights: AppliedRights
    ended: str = ""
    """The end of the account before, with its time, as a sentence."""
    ended_at: datetime.datetime | None = None
    """The time of the last end that the record in the store had."""
    delayed: str = ""
    """The obstacle of a step that is due, as ``Reason: sentence``."""
    repair: str = ""
    """A difference on the controller that prepare is to repair."""
    regressed: bool = False
    """The record in the store is older than this account: observe adopts the live one."""
    adopted: bool = False
    """It was taken from avi-secret into a record that had lost it: it is replaced at once."""
    suspected_at: datetime.datetime | None = None
    """Refused logins of this account were seen."""
    former: Former | None = None
    """The account of others that it took the place of, while that is there."""


def stored(view: api.View) -> Stored | None:
    """The stored intent; None if the cluster never had an account. Raises structs.DecodeError."""
    intent = view.intent(names.PLUGIN)
    if intent is None or not intent.data:
        return None
    return structs.convert(intent.data, Stored, path=f"intents.{names.PLUGIN}")


def credential(view: api.View, account: TenancyAccount, ca: api.SecretSource | None) -> api.Fact:
    """The fact for AKO: sources, each of one immutable value."""
    record, sequence = view.record_name, account.sequence
    return api.WorkloadCredential(
        username=api.SecretSource(
            plugin=names.PLUGIN,
            key=names.secret_key(record, sequence, "username"),
            single_line=True,
        ),
        password=api.SecretSource(
            plugin=names.PLUGIN,
            key=names.secret_key(record, sequence, "password"),
            single_line=True,
        ),
        ca=ca,
    )
