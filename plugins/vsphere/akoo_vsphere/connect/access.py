"""The way to a vCenter: reads Secrets, asks for a client, turns errors into results."""

from __future__ import annotations

from typing import Protocol

from akoo_core.plugin import accounts, api, clock, external, kube
from akoo_core.plugin import errors as core_errors
from akoo_vsphere.client import errors
from akoo_vsphere.client.account import Account, RefusalMemory, VCenters
from akoo_vsphere.client.api import VCenterClient
from akoo_vsphere.connect.login_refusals import LoginRefusals, SharedRefusals
from akoo_vsphere.spec import refusal
from akoo_vsphere.spec.connection import Connection

ANSWERED = (refusal.Refusal, errors.VCenterError, core_errors.BlockedError, TimeoutError)
"""The errors that ``answer`` has a result for."""
PATIENCE = 60.0
"""Seconds until the next attempt where a person or another system has to do something."""


class AccessContext(Protocol):
    """The common part of all contexts of the core."""

    @property
    def clock(self) -> clock.Clock: ...

    @property
    def external(self) -> external.External: ...

    @property
    def secrets(self) -> api.SecretReader: ...

    @property
    def logins(self) -> api.LoginMemory | None: ...


async def open(  # noqa: A001 - access.open reads well
    ctx: AccessContext,
    client: kube.KubeClient,
    vcenters: VCenters,
    connection: Connection,
    *,
    by_command: bool = False,
) -> VCenterClient:
    """A client for one piece of work, so that a new Secret counts at once.

    ``client`` reads, and if it may writes, the VSphereConnection: refused logins stand in its
    status. They also stand in the memory of the core, which commands go by (``by_command``). Raises
    Refusal, and the core's BlockedError for a Secret that is missing or not allowed.
    """
    account = await _account(ctx.secrets, connection)
    memory: RefusalMemory = LoginRefusals(client, ctx.clock, connection, account.secret_version)
    if ctx.logins is not None and account.secret_version:
        shared = api.Account(
            secret=str(connection.spec.credential_ref),
            version=account.secret_version,
            address=connection.spec.address,
        )
        memory = SharedRefusals(memory, ctx.logins, shared, by_command=by_command)
    return await vcenters.client(account, external=ctx.external, memory=memory)


async def _account(secrets: api.SecretReader, connection: Connection) -> Account:
    spec = connection.spec
    stored = await accounts.read(
        secrets,
        spec.credential_ref,
        spec.address,
        ca=spec.ca_ref,
        correct=f"spec.address of VSphereConnection/{connection.name}",
    )
    return Account(
        address=spec.address,
        username=stored.username,
        password=stored.password,
        ca_pem=stored.ca_pem,
        thumbprint=spec.thumbprint,
        secret_version=stored.named.version,
        source=f"Secret {spec.credential_ref}",
    )


def answer(error: Exception) -> api.Wait | api.Blocked:
    """The result for an error of this plugin's work. Raises ``error`` if it is another."""
    match error:
        case refusal.Refusal() | core_errors.BlockedError():
            return api.Blocked(reason=error.reason, message=str(error), after=PATIENCE)
        case errors.CredentialRefusedError():
            after = min(max(error.retry_after_seconds, 1.0), api.LONGEST_SECONDS)
            return api.Blocked(reason="LoginRejected", message=str(error), after=after)
        case errors.VCenterError():
            return _of_vcenter(error)
        case TimeoutError():
            message = f"vCenter took too long: {core_errors.describe(error)}. It is asked again."
            return api.Wait(reason="Unreachable", message=message, after=30.0)
    raise error


_BLOCKED: tuple[tuple[type[errors.VCenterError], str], ...] = (
    (errors.TlsError, "TLSNotTrusted"),
    (errors.ForbiddenError, "PermissionDenied"),
    (errors.UnreadableError, "NotVisible"),
    (errors.NameTakenError, "NameConflict"),
    (errors.InvalidError, "UpdateFailed"),
    (errors.LimitError, "SwitchPortLimit"),
    (errors.SwitchOwnedError, "SwitchUnsuitable"),
    (errors.UnsupportedError, "VersionTooOld"),
)
_WAITS: tuple[tuple[type[errors.VCenterError], str, float], ...] = (
    (errors.UnreachableError, "Unreachable", 30.0),
    (errors.NotVCenterError, "NotAVCenter", 30.0),
    (errors.OverloadedError, "SessionLimit", 15.0),
    (errors.SessionLostError, "SessionLost", 5.0),
    (errors.ChangedError, "ConcurrentModification", 5.0),
    (errors.PartialError, "PartialHostFailure", 10.0),
    (errors.InUseError, "InUse", PATIENCE),
    (errors.TaskRunningError, "TaskRunning", 5.0),
    (errors.OutcomeUnknownError, "OutcomeUnknown", 1.0),
)


def _of_vcenter(error: errors.VCenterError) -> api.Wait | api.Blocked:
    for kind, reason in _BLOCKED:
        if isinstance(error, kind):
            return api.Blocked(reason=reason, message=str(error), after=PATIENCE)
    for kind, reason, after in _WAITS:
        if isinstance(error, kind):
            return api.Wait(reason=reason, message=str(error), after=after)
    return api.Wait(reason="VCenterFailed", message=str(error), after=10.0)
