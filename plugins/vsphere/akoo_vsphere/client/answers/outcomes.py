"""Internal errors of calls to the errors that callers see. Pure."""

from __future__ import annotations

from typing import Final

from akoo_vsphere.client import errors, wire
from akoo_vsphere.client.answers import faults
from akoo_vsphere.client.errors import VCenterError
from akoo_vsphere.client.wire import (
    DeadSessionError,
    Fault,
    LostError,
    Ref,
    SoapCall,
    StrangeAnswerError,
    WireError,
)

_LOGIN: Final = SoapCall(
    method="Login", target=Ref("SessionManager", "SessionManager"), subject="the session"
)


def error(raised: WireError, address: str) -> VCenterError:
    """The error of a call. A write that may have reached vCenter has an unknown outcome."""
    write = raised.write
    match raised:
        case DeadSessionError():
            return errors.SessionLostError(
                f"{address} ended the session twice in a row, or another vCenter answers there. "
                "It is tried again."
            )
        case Fault():
            return faults.error(raised, raised.call or _LOGIN, address)
        case wire.UnknownToReleaseError():
            return errors.UnsupportedError(
                f"{address} cannot do it: {raised}. Upgrade vCenter, or remove the field."
            )
        case LostError(sent=True) | StrangeAnswerError() if write is not None:
            return errors.OutcomeUnknownError(
                f"{write.method} of {write.subject or write.target.value} was sent to {address}, "
                f"and its answer was lost: {raised}. Read the object again "
                "to see whether it took effect."
            )
        case StrangeAnswerError(status=503):
            return errors.OverloadedError(
                f"{address} answers HTTP 503: it starts, or has too many sessions. Tried again."
            )
        case StrangeAnswerError():
            return errors.NotVCenterError(
                f"{address} does not answer as a vCenter: {raised}. Check the address and what "
                "stands between (a proxy, a load balancer)."
            )
    return errors.UnreachableError(
        f"No answer from {address}: {raised}. Check the address, the network, and whether vCenter "
        "runs; tried again."
    )


def gone(fault: Fault, mo_ref: str, address: str) -> VCenterError:
    """The error of a call that met an object that vCenter does not know. To be called only after
    the session was shown to be alive: a dead one answers the same."""
    call = fault.call or _LOGIN
    if mo_ref in (call.subject, call.target.value):
        return errors.NotFoundError(f"{mo_ref} is not on {address} any more.", mo_ref)
    return errors.UnreadableError(
        f"{call.subject or call.method} on {address} could not be read: {mo_ref or 'something'} "
        "vanished meanwhile. It is read again.",
        call.subject,
    )


def of_task(fault: Fault, address: str) -> VCenterError:
    """The error of a fault that a task ended with. The end of a session under a running task says
    nothing about its effect."""
    if faults.session_is_dead(fault):
        call = fault.call or _LOGIN
        return errors.OutcomeUnknownError(
            f"{call.method} of {call.subject} on {address}: the session ended under its task. Read "
            "again."
        )
    return faults.error(fault, fault.call or _LOGIN, address)
