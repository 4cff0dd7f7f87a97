"""Refused logins in the status of a VSphereConnection, so that no replica and no command locks the
account.

A new version of the Secret is tried at once. The same version is tried after five minutes, and
after twice as long each further time, up to four hours.
"""

from __future__ import annotations

import datetime
from typing import Final

from akoo_core.plugin import api, clock, kube, structs
from akoo_core.plugin import errors as core_errors
from akoo_vsphere.client.account import RefusalMemory
from akoo_vsphere.spec import resources
from akoo_vsphere.spec.connection import Connection, RefusedLogin, Status

FIRST_SECONDS: Final = 300.0
LONGEST_SECONDS: Final = 4 * 3600.0
TRIES: Final = 3


def pause(count: int) -> float:
    """Seconds without a login after ``count`` refusals."""
    return min(FIRST_SECONDS * 2.0 ** min(max(count - 1, 0), 10), LONGEST_SECONDS)


def seconds_left(refused: RefusedLogin | None, version: str, now: datetime.datetime) -> float:
    """Seconds until a login with this version of the Secret may be tried; 0.0: now. Pure."""
    if refused is None or refused.secret_version != version:
        return 0.0
    passed = (now - refused.at).total_seconds()
    return max(pause(refused.count) - passed, 0.0)


class LoginRefusals:
    """A RefusalMemory of one connection and one version of its Secret.

    A process that may not write the status honours what stands there.
    """

    def __init__(
        self, client: kube.KubeClient, now: clock.Clock, connection: Connection, version: str
    ) -> None:
        self._client = client
        self._clock = now
        self._name = connection.name
        self._uid = connection.uid
        self._version = version
        self._known = connection.status.refused_login
        """As last read or written."""

    async def refused(self) -> float:
        """See :class:`akoo_vsphere.client.account.RefusalMemory`."""
        obj = await self._read()
        if obj is not None:
            self._known = _status(obj).refused_login
        return seconds_left(self._known, self._version, self._clock.now())

    async def note(self) -> float:
        """See :class:`akoo_vsphere.client.account.RefusalMemory`."""
        before = self._known
        same = before is not None and before.secret_version == self._version
        self._known = RefusedLogin(
            secret_version=self._version,
            at=self._clock.now(),
            count=before.count + 1 if same and before is not None else 1,
        )
        await self._write()
        return pause(self._known.count)

    async def accept(self) -> None:
        """See :class:`akoo_vsphere.client.account.RefusalMemory`."""
        if self._known is not None:
            self._known = None
            await self._write()

    async def _read(self) -> kube.Object | None:
        try:
            obj = await self._client.get(resources.CONNECTIONS, self._name)
        except kube.KubeError:
            return None
        return obj if obj["metadata"]["uid"] == self._uid else None

    async def _write(self) -> None:
        """Write it. A failure keeps the refusal in this process only."""
        value = None if self._known is None else structs.to_object(self._known)
        patch = {"metadata": {"uid": self._uid}, "status": {"refusedLogin": value}}
        try:
            await self._client.merge_patch(
                resources.CONNECTIONS, self._name, patch, subresource="status"
            )
        except (kube.KubeError, core_errors.AkooError):
            return


class SharedRefusals:
    """The refusals of the status, which the operator goes by, and those of the core's memory, which
    commands go by: they may not write a status, and a person may insist on a try there."""

    def __init__(
        self,
        of_status: RefusalMemory,
        logins: api.LoginMemory,
        account: api.Account,
        *,
        by_command: bool,
    ) -> None:
        self._of_status = of_status
        self._logins = logins
        self._account = account
        self._by_command = by_command

    async def refused(self) -> float:
        """See :class:`akoo_vsphere.client.account.RefusalMemory`."""
        if not self._by_command:
            return await self._of_status.refused()
        known = await self._logins.refused(self._account)
        return max(known.retry_seconds, 1.0) if known is not None else 0.0

    async def note(self) -> float:
        """See :class:`akoo_vsphere.client.account.RefusalMemory`."""
        await self._logins.note(self._account)
        return await self._of_status.note()

    async def accept(self) -> None:
        """See :class:`akoo_vsphere.client.account.RefusalMemory`."""
        await self._logins.accept(self._account)
        await self._of_status.accept()


def _status(obj: kube.Object) -> Status:
    try:
        return structs.convert(obj.get("status") or {}, Status, path="status")
    except structs.DecodeError:
        return Status()
