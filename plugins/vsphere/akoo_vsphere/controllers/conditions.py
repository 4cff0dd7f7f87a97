"""Conditions of a VSpherePortGroup. Pure.

``Ready`` copies the first condition that is False, in the order of ``ORDER``. A condition that an
attempt did not come to stays as it was; those of other controllers stay in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from akoo_core.plugin.conditions import Condition

READY: Final = "Ready"
SWITCH: Final = "SwitchResolved"
OWNED: Final = "OwnershipVerified"
PROVISIONED: Final = "Provisioned"
IN_SYNC: Final = "ConfigInSync"
AVI_PLACE: Final = "AviPlacementValid"
"""Written by the avi plugin."""
AVI_NETWORK: Final = "AviNetworkDiscovered"
"""Written by the avi plugin."""
HELD: Final = "Held"

ORDER: Final = (SWITCH, OWNED, PROVISIONED, IN_SYNC)
OF_AVI: Final = (AVI_PLACE, AVI_NETWORK)

_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "DatacenterNotFound",
            "DatacenterAmbiguous",
            "SwitchNotFound",
            "SwitchAmbiguous",
            "SwitchUnsuitable",
            "SwitchReplaced",
            "VersionTooOld",
        ),
        SWITCH,
    ),
    **dict.fromkeys(
        (
            "ForeignOwner",
            "NotAdopted",
            "MarkUnavailable",
            "MarkLost",
            "MarksDisagree",
            "MarkDamaged",
            "MarkIncomplete",
            "NewerRecord",
            "UplinkPortGroup",
            "NSXManaged",
            "VCenterReplaced",
        ),
        OWNED,
    ),
    **dict.fromkeys(
        (
            "NameConflict",
            "CreateFailed",
            "PermissionDenied",
            "PortGroupVanished",
            "PortGroupNotFound",
            "NotVisible",
            "SwitchPortLimit",
            "TaskRunning",
            "OutcomeUnknown",
            "AviPluginMissing",
            "AviPlacementAwaited",
            "AviPlacementInvalid",
        ),
        PROVISIONED,
    ),
    **dict.fromkeys(
        (
            "AdoptionWouldChange",
            "UpdateFailed",
            "ConcurrentModification",
            "PartialHostFailure",
            "Unchangeable",
        ),
        IN_SYNC,
    ),
}
"""The condition that each reason belongs to; others belong to Ready alone."""


def true(kind: str, reason: str, message: str = "") -> Condition:
    return Condition(type=kind, status="True", reason=reason, message=message)


def failed(reason: str, message: str, *, exists: bool) -> tuple[Condition, ...]:
    """The conditions for an attempt that ended with a reason.

    ``exists``: there is a port group of ours, so a failed write concerns its configuration.
    """
    kind = _TYPES.get(reason, READY)
    if exists and kind == PROVISIONED and reason not in ("PortGroupVanished", "NotVisible"):
        kind = IN_SYNC
    unknown = reason in ("NotVisible", "OutcomeUnknown")
    status: Literal["Unknown", "False"] = "Unknown" if unknown else "False"
    return (Condition(type=kind, status=status, reason=reason, message=message),)


def with_ready(
    known: Iterable[Condition], before: Iterable[Condition], *, avi: bool
) -> tuple[Condition, ...]:
    """``known`` and what stays of ``before``, with Ready. ``avi``: spec.avi is set."""
    new = {condition.type: condition for condition in known}
    merged = {condition.type: condition for condition in before} | new
    merged.pop(READY, None)
    ready = new.get(READY) or _ready(merged, ORDER + OF_AVI if avi else ORDER)
    return (ready, *merged.values())


def _ready(merged: Mapping[str, Condition], order: tuple[str, ...]) -> Condition:
    rows = [merged[kind] for kind in order if kind in merged]
    wrong = next((row for row in rows if row.status == "False"), None) or next(
        (row for row in rows if row.status == "Unknown"), None
    )
    if wrong is not None:
        message = wrong.message
        return Condition(type=READY, status=wrong.status, reason=wrong.reason, message=message)
    missing = next((kind for kind in ORDER if kind not in merged), None)
    if missing is not None:
        message = f"{missing} is not known yet."
        return Condition(type=READY, status="Unknown", reason="InProgress", message=message)
    return true(READY, "InForce", "The port group is as wanted.")


def held(reason: str, message: str) -> tuple[Condition, ...]:
    """The conditions of an object that is being deleted and waits."""
    return (
        Condition(type=HELD, status="True", reason=reason, message=message),
        Condition(type=READY, status="False", reason="Deleting", message=message),
    )
