"""A client of the Avi Controller's REST API, with the headers and sessions that AKO has."""

import asyncio
import base64
import dataclasses
import json
import ssl
import typing
import urllib.parse

import aiohttp
import aiohttp.abc

from akoo_testbed.akosim import counts
from akoo_testbed.kubeapi import Object

ALL_TENANTS = "*"
CALL_SECONDS = 30.0
LATEST = (30, 2, 1)
"""The newest API version that AKO speaks."""
START_SESSIONS = 9
"""Sessions that AKO opens side by side at its start: one per worker, and one more."""

_REFUSED = 401
_SESSION_LOST = (401, 419)
_NO_TENANT = "does not exist"


class AviError(Exception):
    """Avi refused a call; `status` is the HTTP code. Never quotes what was sent."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text

    @property
    def is_login_refused(self) -> bool:
        """The text on which AKO shuts itself down."""
        return self.status == 401 and "Invalid credentials" in self.text

    @property
    def is_tenant_missing(self) -> bool:
        """The tenant of the call is not there."""
        return self.status == 403 and _NO_TENANT in self.text

    @property
    def is_worth_retrying(self) -> bool:
        """True if AKO queues the key again; else it logs the refusal and goes on."""
        if self.status >= 500 or self.status in (401, 404, 408, 409):
            return True
        waits = "disallowed during upgrade", "No available free IPs", "VrfContext not found"
        return self.is_tenant_missing or any(text in self.text for text in waits)


UNREACHABLE: typing.Final = (aiohttp.ClientError, TimeoutError, OSError)


@dataclasses.dataclass(frozen=True, slots=True)
class Access:
    """A login; `ca_pem` empty means that TLS is not verified, as with the real AKO."""

    controller: str
    username: str
    password: str = dataclasses.field(default="", repr=False)
    token: str = dataclasses.field(default="", repr=False)
    ca_pem: str = ""

    @property
    def problem(self) -> str | None:
        """The part that is missing for a login; None: nothing."""
        if not self.controller:
            return "no controllerIP"
        if not self.username:
            return "Secret avi-secret has no username"
        if not self.password and not self.token:
            return "Secret avi-secret has neither password nor authtoken"
        return None


def access(controller: str, secret: Object) -> Access:
    """From the setting controllerIP and the Secret avi-secret."""
    data = secret.get("data") or {}

    def text(key: str) -> str:
        return base64.b64decode(data.get(key, "")).decode(errors="replace")

    return Access(
        controller=controller,
        username=text("username"),
        password=text("password"),
        token=text("authtoken"),
        ca_pem=text("certificateAuthorityData"),
    )


class Avi:
    """A session, for one event loop. `close` it.

    Calls raise AviError when Avi refuses, and one of UNREACHABLE when it does not answer.
    """

    def __init__(self, access: Access, tenant: str, cluster: str = "") -> None:
        """`cluster`: the name under which its logins are counted."""
        self._access = access
        self._tenant = tenant
        self._cluster = cluster
        self._url = f"https://{access.controller}"
        self._version = "18.2.6"
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """End all connections."""
        if self._session:
            session, self._session = self._session, None
            await session.close()

    def twin(self) -> "Avi":
        """Another client in the same session."""
        other = Avi(self._access, self._tenant, self._cluster)
        other._version = self._version
        if self._session:
            other._open(self._session.cookie_jar)
        return other

    def _open(self, cookies: aiohttp.abc.AbstractCookieJar) -> None:
        self._session = aiohttp.ClientSession(
            cookie_jar=cookies,
            connector=aiohttp.TCPConnector(ssl=_tls(self._access.ca_pem)),
            timeout=aiohttp.ClientTimeout(total=CALL_SECONDS, connect=5),
        )

    async def start(self) -> None:
        """Begin the sessions of a start of AKO, side by side. This one works with its own.

        The others stay open on the controller; nothing is sent in them. Raises AviError 401 if
        the credentials are refused, after all of them were tried.
        """
        others = [Avi(self._access, self._tenant, self._cluster) for _ in range(START_SESSIONS - 1)]
        try:
            ends = await asyncio.gather(
                *(each._log_in() for each in (self, *others)), return_exceptions=True
            )
        finally:
            # Shielded: a program that is killed a second time leaves no connection open either.
            await asyncio.shield(asyncio.gather(*(each.close() for each in others)))
        for end in ends:
            if end is not None:
                raise end
        await self._read_version()

    async def login(self) -> None:
        """Begin a session. Raises AviError 401 if the credentials are refused."""
        await self._log_in()
        await self._read_version()

    async def _log_in(self) -> None:
        await self.close()
        # Cookies of hosts that are IP addresses are ignored unless the jar is told otherwise.
        self._open(aiohttp.CookieJar(unsafe=True))
        secret = "token" if self._access.token else "password"
        body = {"username": self._access.username, secret: getattr(self._access, secret)}
        try:
            await self._send("POST", "/login", body, "")
        except AviError as error:
            if error.status == _REFUSED:
                counts.count(self._cluster, refused=1)
            raise
        counts.count(self._cluster, logins=1)

    async def _read_version(self) -> None:
        initial = await self._send("GET", "/api/initial-data", None, "")
        self._version = version(str(initial.get("version", {}).get("Version", "")))

    async def call(
        self, method: str, path: str, body: Object | None = None, *, tenant: str | None = None
    ) -> Object:
        """One call below /api/; a lost session is begun anew, once."""
        where = tenant or self._tenant
        if self._session is None:
            await self.login()
        try:
            return await self._send(method, f"/api/{path}", body, where)
        except AviError as error:
            if error.status not in _SESSION_LOST:
                raise
        await self.login()
        return await self._send(method, f"/api/{path}", body, where)

    async def list(self, kind: str, *, tenant: str | None = None, **filters: str) -> list[Object]:
        """All objects of a kind that match, page by page; `__` in a filter stands for a dot."""
        query = {key.replace("__", "."): value for key, value in filters.items()}
        query |= {"include_name": "true", "page_size": "100"}
        path = f"{kind}/?{urllib.parse.urlencode(query)}"
        objects: list[Object] = []
        while path:
            page = await self.call("GET", path, tenant=tenant)
            objects += page["results"]
            path = str(page.get("next", "")).partition("/api/")[2]
        return objects

    async def _send(self, method: str, path: str, body: Object | None, tenant: str) -> Object:
        session = self._session
        if session is None:
            raise AviError(401, "no session")
        headers = {
            "X-Avi-UserAgent": "AKO",
            "X-Avi-Version": self._version,
            "Referer": f"{self._url}/",
            "Content-Type": "application/json",
        }
        if tenant:
            headers["X-Avi-Tenant"] = tenant
        for cookie in session.cookie_jar:
            if cookie.key == "csrftoken":
                headers["X-CSRFToken"] = cookie.value
        data = None if body is None else json.dumps(body)
        async with session.request(
            method, self._url + path, data=data, headers=headers
        ) as response:
            text = await response.text()
            if response.status >= 400:
                raise AviError(response.status, _reason(text))
            return typing.cast("Object", json.loads(text)) if text[:1] == "{" else {}


def version(real: str) -> str:
    """The version AKO speaks to a controller of this one."""
    try:
        numbers = tuple(int(part) for part in real.split(".")[:3])
    except ValueError:
        numbers = LATEST
    return ".".join(str(number) for number in min(numbers, LATEST))


def _reason(text: str) -> str:
    """The refusal in an answer."""
    try:
        body = json.loads(text)
    except ValueError:
        return text[:200]
    if isinstance(body, dict):
        return str(body.get("error") or body.get("detail") or "")
    return str(body)


def _tls(ca_pem: str) -> ssl.SSLContext | bool:
    return ssl.create_default_context(cadata=ca_pem) if ca_pem else False
