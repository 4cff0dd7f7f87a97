"""``spec.plugins.tenancy`` of an ADC: the account and the tenants of its clusters. Pure."""

from __future__ import annotations

import datetime
import re
from typing import Final, Literal, NamedTuple

from akoo_avi.client.access import refusal

from akoo_core.plugin import structs
from akoo_tenancy.roles.plan import Isolation

PATH: Final = "spec.plugins.tenancy"
LONGEST: Final = datetime.timedelta(days=366)
SHORTEST_AGE: Final = datetime.timedelta(hours=1)
SHORTEST_PATIENCE: Final = datetime.timedelta(minutes=1)
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
"""In the order of datetime.weekday()."""

_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,61}[a-z0-9])?")
_UNITS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")

Day = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
Per = Literal["Config", "Namespace", "Cluster"]
Whose = Literal["Provider", "Own"]
Choice = Literal["Tenancy", "Reference", "Disabled", "Adopted"]
"""The provider of the account: this plugin, the Secret of workloadCredentialRef, or neither."""


class Window(structs.StrictStruct, frozen=True, kw_only=True):
    """A time of the week in UTC in which planned rotations start: each restarts AKO once."""

    days: tuple[Day, ...] = ()
    """(): every day. A window that ends after midnight belongs to the day on which it starts."""
    start: str
    """``HH:MM``."""
    end: str
    """``HH:MM``; at or before ``start``: on the next day."""


class Rotation(structs.StrictStruct, frozen=True, kw_only=True):
    """The age of passwords, and the patience of a rotation."""

    every: str = "30d"
    grace: str = "1h"
    """The time that the old account stays valid after the new one is in use."""
    pickup_timeout: str = "10m"
    """The time after which an account that AKO does not use yet is reported (PickupTimeout)."""
    window: Window | None = None


class TenantTemplate(structs.StrictStruct, frozen=True, kw_only=True):
    """An AviTenant that is made for the config, for each namespace or for each cluster."""

    per: Per
    service_engines: Whose | None = None
    vrf: Whose | None = None
    deletion_policy: Literal["Delete", "Retain"] | None = None
    drift_policy: Literal["Repair", "Report"] | None = None


class Options(structs.StrictStruct, frozen=True, kw_only=True):
    """The choices of one config."""

    enabled: bool | None = None
    """None: for every config without workloadCredentialRef."""
    tenant_ref: str = ""
    """Name of an AviTenant."""
    tenant_template: TenantTemplate | None = None
    additional_tenants: tuple[str, ...] = ()
    """Names of Avi tenants that namespaces of the clusters are mapped to by annotation."""
    isolation: Isolation = "Marker"
    rotation: Rotation = Rotation()


class Timing(NamedTuple):
    """The durations of a rotation, read."""

    every: datetime.timedelta
    grace: datetime.timedelta
    pickup_timeout: datetime.timedelta


def duration(path: str, text: str) -> datetime.timedelta:
    """``30d``, ``1h30m``, ``45s``. Raises Refusal."""
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise refusal.invalid(path, f"{text[:40]!r} is not a duration such as 30d, 12h or 1h30m.")
    parts = zip(match.groups(default="0"), _UNITS.values(), strict=True)
    seconds = sum(int(number) * unit for number, unit in parts)
    if seconds > LONGEST.total_seconds():
        raise refusal.invalid(path, f"{text} is longer than {LONGEST.days}d.")
    return datetime.timedelta(seconds=seconds)


def timing(rotation: Rotation) -> Timing:
    """The durations. Raises Refusal."""
    path = f"{PATH}.rotation"
    every = duration(f"{path}.every", rotation.every)
    grace = duration(f"{path}.grace", rotation.grace)
    patience = duration(f"{path}.pickupTimeout", rotation.pickup_timeout)
    if every < SHORTEST_AGE:
        raise refusal.invalid(f"{path}.every", "a rotation restarts AKO: at least 1h apart.")
    if grace >= every:
        raise refusal.invalid(
            f"{path}.grace", "the old account must be gone before the next rotation: below every."
        )
    if patience < SHORTEST_PATIENCE:
        raise refusal.invalid(
            f"{path}.pickupTimeout", "AKO takes a minute to restart: at least 1m."
        )
    return Timing(every, grace, patience)


def check(options: Options) -> None:
    """Raise Refusal for options that cannot be used."""
    if options.tenant_ref and options.tenant_template is not None:
        raise refusal.Refusal(
            "ConfigConflict",
            f"{PATH} has tenantRef and tenantTemplate. Remove one of them: tenantRef names an "
            "AviTenant of yours, tenantTemplate has one made.",
        )
    if options.tenant_ref and not _NAME.fullmatch(options.tenant_ref):
        raise refusal.invalid(f"{PATH}.tenantRef", "is not the name of an object.")
    if "" in options.additional_tenants or "*" in options.additional_tenants:
        raise refusal.invalid(f"{PATH}.additionalTenants", "names a tenant by an empty text or *.")
    timing(options.rotation)
    if options.rotation.window is not None:
        _check_window(options.rotation.window)


def _check_window(window: Window) -> None:
    path = f"{PATH}.rotation.window"
    for field, text in (("start", window.start), ("end", window.end)):
        if not _TIME.fullmatch(text):
            raise refusal.invalid(f"{path}.{field}", f"{text[:20]!r} is not a time such as 02:00.")


def choice(options: Options, *, reference: bool, management: bool) -> Choice:
    """The provider of the account for a cluster of the config. Raises Refusal.

    ``reference``: the config has a workloadCredentialRef. ``management``: the cluster is the
    management cluster, whose AKO keeps its admin account.
    """
    if reference and options.enabled:
        raise refusal.Refusal(
            "ConfigConflict",
            f"spec.workloadCredentialRef names an account, and {PATH}.enabled asks for one of its "
            "own. Remove one of them. The account that is in use stays until then.",
        )
    if reference:
        return "Reference"
    return "Disabled" if options.enabled is False or management else "Tenancy"
