"""Faults of vCenter to errors, thrown by a method or stored in a task. Pure.

Where a fault comes from, and whether it is thrown or stored, differs from release to release: one
table is for both. NotAuthenticated extends NoPermission and is no error here: it is a dead session.
Texts of vCenter are cut, and secrets that it repeats are masked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from akoo_core.plugin import redaction
from akoo_vsphere.client import errors
from akoo_vsphere.client.errors import VCenterError
from akoo_vsphere.client.wire import Fault, Ref, SoapCall

LONGEST: Final = 200
"""Characters of vCenter's own text in a message."""
NOT_AUTHENTICATED: Final = "NotAuthenticated"
GONE: Final = "ManagedObjectNotFound"
_BUSY: Final = ("TaskInProgress", "HostCommunication", "Timedout", "RequestCanceled")
_LIMITS: Final = ("LimitExceeded", "ResourceNotAvailable", "NotEnoughLicenses")
_INVALID: Final = (
    "InvalidArgument",
    "InvalidName",
    "InvalidProperty",
    "InvalidType",
    "InvalidRequest",
)
_UNSUPPORTED: Final = ("MethodNotFound", "NotImplemented", "NotSupported")


def session_is_dead(fault: Fault) -> bool:
    """The fault means that the session has ended. To be asked before anything else."""
    return NOT_AUTHENTICATED in fault.kinds


def missing_object(fault: Fault) -> str | None:
    """moRef that vCenter does not know ("" if it names none), or None for another fault."""
    return _mo_ref(fault.fields.get("obj")) if GONE in fault.kinds else None


def error(fault: Fault, call: SoapCall, address: str) -> VCenterError:
    """The error of a fault. Not for a dead session, nor for an object that is gone."""
    about = f"{call.method} of {call.subject or call.target.value} on {address}"
    for kind in fault.kinds:
        make = _TABLE.get(kind)
        if make is not None:
            return make(fault, about)
    return errors.FaultError(f"{about} failed with {fault.name}.{_words(fault)}", fault.name)


def _forbidden(fault: Fault, about: str) -> VCenterError:
    missing = _privileges(fault)
    listed = ", ".join(
        f"{entry.privilege} on {entry.mo_ref}" if entry.mo_ref else entry.privilege
        for entry in missing
    )
    return errors.ForbiddenError(
        f"{about}: the account may not. Missing: {listed or 'vCenter does not say'}. Give its role "
        "the privilege on the folder of the switch, with propagation.",
        missing,
    )


def _privileges(fault: Fault) -> tuple[errors.Missing, ...]:
    """Lists privileges of 7.0.3.2 and later, else the field that older releases have."""
    entries: list[errors.Missing] = []
    for entity in _dicts(fault.fields.get("missingPrivileges")):
        entries += [
            errors.Missing(privilege=str(privilege), mo_ref=_mo_ref(entity.get("entity")))
            for privilege in _items(entity.get("privilegeIds"))
        ]
    if not entries and fault.fields.get("privilegeId"):
        entries.append(
            errors.Missing(
                privilege=_text(fault, "privilegeId"),
                mo_ref=_mo_ref(fault.fields.get("object")),
            )
        )
    return tuple(entries)


def _name_taken(fault: Fault, about: str) -> VCenterError:
    name, mo_ref = _text(fault, "name"), _mo_ref(fault.fields.get("object"))
    return errors.NameTakenError(f'{about}: {mo_ref or "an object"} has the name "{name}".', mo_ref)


def _changed(_: Fault, about: str) -> VCenterError:
    return errors.ChangedError(f"{about}: somebody changed it meanwhile. It is read again.")


def _in_use(fault: Fault, about: str) -> VCenterError:
    user = _text(fault, "name")
    by = f" by {user}" if user else ""
    return errors.InUseError(f"{about}: it is in use{by}.", user)


def _invalid(fault: Fault, about: str) -> VCenterError:
    # InvalidName has the refused name, and no field.
    field = "name" if "InvalidName" in fault.kinds else _text(fault, "invalidProperty")
    named = f" ({field})" if field else ""
    return errors.InvalidError(
        f"{about}: vCenter does not take a value{named}: {fault.name}.{_words(fault)}", field
    )


def _limit(fault: Fault, about: str) -> VCenterError:
    return errors.LimitError(f"{about}: a limit is reached: {fault.name}.{_words(fault)}")


def _partial(fault: Fault, about: str) -> VCenterError:
    hosts = tuple(_mo_ref(host.get("host")) for host in _dicts(fault.fields.get("hostFault")))
    return errors.PartialError(
        f"{about}: {len(hosts)} hosts of the switch failed ({', '.join(hosts[:5])}).", hosts
    )


def _owned(_: Fault, about: str) -> VCenterError:
    return errors.SwitchOwnedError(f"{about}: an extension owns the switch. Name another switch.")


def _unsupported(fault: Fault, about: str) -> VCenterError:
    return errors.UnsupportedError(f"{about}: this release cannot do it: {fault.name}.")


def _busy(fault: Fault, about: str) -> VCenterError:
    return errors.OverloadedError(f"{about}: vCenter is busy: {fault.name}.")


_TABLE: Final[dict[str, Callable[[Fault, str], VCenterError]]] = {
    "NoPermission": _forbidden,
    "DuplicateName": _name_taken,
    "AlreadyExists": _name_taken,
    "ConcurrentAccess": _changed,
    "ResourceInUse": _in_use,
    "DvsOperationBulkFault": _partial,
    "DvsNotAuthorized": _owned,
    **dict.fromkeys(_LIMITS, _limit),
    **dict.fromkeys(_INVALID, _invalid),
    **dict.fromkeys(_UNSUPPORTED, _unsupported),
    **dict.fromkeys(_BUSY, _busy),
}


def _words(fault: Fault) -> str:
    words = _cut(fault.message)
    return f" vCenter says: {words}" if words else ""


def _text(fault: Fault, field: str) -> str:
    return _cut(str(fault.fields.get(field) or ""))


def _cut(text: str) -> str:
    """One line, masked before it is cut: half of a secret is not recognised."""
    return redaction.redact(" ".join(text.split()))[:LONGEST]


def _mo_ref(value: Any) -> str:
    return value.value if isinstance(value, Ref) else ""


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in _items(value) if isinstance(entry, dict)]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
