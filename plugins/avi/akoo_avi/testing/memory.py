"""The real client over the simulated controller's pure core: no HTTP, no threads, no sockets.

::

avi = MemoryAvi() # an AviClient, logged in as admin await avi.create("pool", {"name": "shop-web"},
tenant="admin") avi.controller.faults.add(faults.Fault(answer="stale", kind="pool", method="PUT"))
avi.controller.journal.entries(writes=True)

Only the way of a request differs (a door, see :mod:`akoo_avi.client.door`): sessions, new logins,
errors, pages and the sites of external calls are those of the real client, so tests here hold
there. ``memory_controllers({"avi.example.com": controller})`` gives a whole
:class:`~akoo_avi.client.Controllers` over such controllers, for users of the registry.

Faults have their whole effect, ``hold_seconds`` and ``delay_seconds`` in the time of the event loop
(nothing in virtual time). A held request has its effect even if its caller gives up, as over HTTPS.
"""

from __future__ import annotations

import asyncio
import json
import urllib.parse
from collections.abc import Mapping

from akoo_testbed.avisim import Controller, values

from akoo_avi.client import (
    Credential,
    SessionRegistry,
    UnreachableError,
    calls,
    client,
    connection,
    door,
    listing,
    refusals,
    slots,
    versions,
)
from akoo_avi.client.access import patience
from akoo_core.plugin import clock, external

PASSWORD = "Avi-simulated-1"  # noqa: S105 - of a simulator
ADDRESS = "avi.example.com"
_FORM = {"content-type": "application/x-www-form-urlencoded"}


class MemoryAvi(client.Client):
    """An AviClient of one simulated controller; made if none is passed.

    ``through`` is the seam of external calls (its interceptor sees every request),
    ``page_size`` that of lists.
    """

    def __init__(
        self,
        controller: Controller | None = None,
        through: external.External | None = None,
        *,
        username: str = "admin",
        password: str = PASSWORD,
        address: str = ADDRESS,
        page_size: int = listing.PAGE_SIZE,
        now: clock.Clock | None = None,
    ) -> None:
        self.controller = controller or Controller(password=password, username=username)
        line = connection.AviConnection(
            address,
            Credential(username, password),
            MemoryDoor(self.controller),
            refused=refusals.Refusals(),
            now=now or clock.SystemClock(),
        )
        super().__init__(line, through or external.External(), page_size=page_size)


def memory_controllers(
    controllers: Mapping[str, Controller],
    *,
    now: clock.Clock | None = None,
    pool_size: int = slots.SIZE,
    patient: bool = False,
) -> SessionRegistry:
    """A registry of these controllers by address; no other address answers.

    The mapping may change later: an address that is taken out answers no more logins.
    ``patient``: with the plugin's backoff for a controller that does not answer.
    """
    clock_now = now or clock.SystemClock()

    def opened(address: str, _: int) -> door.Door:
        made = _Doors(controllers, address)
        return patience.PatientDoor(made, clock_now) if patient else made

    return SessionRegistry(now=clock_now, make_door=opened, pool_size=pool_size)


class MemoryDoor:
    """Opens sessions with a controller in this process."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    async def login(
        self, credential: Credential, *, seconds: float
    ) -> _MemorySession | calls.AviAnswer:
        form = {"username": credential.username, "password": credential.password}
        body = urllib.parse.urlencode(form).encode()
        response = await _handle(self._controller, "POST", "/login", _FORM, body)
        if response.status != 200:
            return _answer(response)
        return _MemorySession(self._controller, response)

    def close(self) -> None:
        return


class _Doors:
    """The door of the controller that has this address now."""

    def __init__(self, controllers: Mapping[str, Controller], address: str) -> None:
        self._controllers = controllers
        self._address = address

    async def login(
        self, credential: Credential, *, seconds: float
    ) -> _MemorySession | calls.AviAnswer:
        controller = self._controllers.get(self._address)
        if controller is None:
            raise UnreachableError(f"No answer from {self._address}: its name does not resolve.")
        return await MemoryDoor(controller).login(credential, seconds=seconds)

    def close(self) -> None:
        return


class _MemorySession:
    """A session: cookies and headers as avisdk sends them."""

    def __init__(self, controller: Controller, login: values.Response) -> None:
        self._controller = controller
        self.version = str(login.json["version"]["Version"])
        cookies: dict[str, str] = {}
        for name, text in login.headers:
            if name == "Set-Cookie":
                key, _, rest = text.partition("=")
                cookies[key] = rest.partition(";")[0]
        self._headers = {
            "cookie": "; ".join(f"{name}={cookie}" for name, cookie in cookies.items()),
            "x-csrftoken": cookies["csrftoken"],
            "x-avi-version": versions.requested(self.version),
            "referer": "https://controller",
        }

    async def send(
        self, call: calls.AviCall, progress: calls.RequestProgress, *, seconds: float
    ) -> calls.AviAnswer:
        progress.sent = True
        query = f"?{urllib.parse.urlencode(call.params)}" if call.params else ""
        target = f"/{call.path}" if call.path == "logout" else f"/api/{call.path}{query}"
        name, tenant = call.tenant_header
        headers = {**self._headers, name.lower(): tenant}
        body = b"" if call.body is None else json.dumps(call.body).encode()
        return _answer(await _handle(self._controller, call.method, target, headers, body))

    def close(self) -> None:
        return


async def _handle(
    controller: Controller, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> values.Response:
    request = values.Request(method=method, target=target, headers=_encoded(headers), body=body)
    meeting = controller.meet(request)
    fault = meeting.fault
    try:
        if fault is not None and fault.hold_seconds:
            await asyncio.sleep(fault.hold_seconds)
    finally:
        response = controller.handle(request, meeting)
    if fault is not None and fault.delay_seconds:
        await asyncio.sleep(fault.delay_seconds)
    if response.drop:
        raise calls.LostError("the connection was cut", sent=True)
    return response


def _encoded(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as a server reads them: requests writes Latin-1, and a controller reads UTF-8."""
    return {
        name: value.encode("latin-1").decode("utf-8", "surrogateescape")
        for name, value in headers.items()
    }


def _answer(response: values.Response) -> calls.AviAnswer:
    headers = dict(response.headers)
    return calls.AviAnswer(
        status=response.status,
        body=response.body,
        retry_after=headers.get("Retry-After", ""),
        location=headers.get("Location", ""),
    )
