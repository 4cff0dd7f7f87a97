"""Requests to one Kubernetes API server: TLS from a kubeconfig's text, paths by discovery.

No library does it: kubernetes_asyncio, and its dynamic client, take 2.8 s of CPU and 113 MB for
the import, this 0.6 s and 39 MB; lightkube brings a second HTTP stack, and knows no discovery.
Neither has a watch that survives an outage and yields the difference (`kubewatch`), or a view of
an older version (`older`): these, not the requests here, are the greater part.
"""

import asyncio
import base64
import collections.abc
import contextlib
import json
import pathlib
import re
import ssl
import tempfile
import typing

import aiohttp
import yaml

Object = dict[str, typing.Any]

CALL_SECONDS = 15.0
_NOT_YAML = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class ApiError(Exception):
    """The API server refused a request; `status` is the HTTP code, `reason` Kubernetes' word."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason


HICCUPS: typing.Final = (ApiError, aiohttp.ClientError, TimeoutError, OSError)
"""Errors of a call while a server starts, is overloaded or goes: worth another try."""


class Transport:
    """Connections to one API server, from a kubeconfig (inline certificate or token).

    Use as `async with`, or call `close`. Safe for concurrent use on one event loop. Proxy
    variables of the environment are not honoured: the test bed is on the loopback.
    """

    def __init__(self, kubeconfig: str) -> None:
        config = yaml.safe_load(kubeconfig)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0].get("user", {})
        self.server: str = cluster["server"].rstrip("/")
        self._ssl = _tls(cluster.get("certificate-authority-data"), user)
        token = user.get("token")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._session: aiohttp.ClientSession | None = None
        self._resources: dict[str, dict[str, Object]] = {}

    async def __aenter__(self) -> typing.Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End all connections. A later call opens new ones."""
        if self._session:
            session, self._session = self._session, None
            await session.close()
            await asyncio.sleep(0)  # aborted transports close their sockets in the next turn

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:  # made late: a session belongs to the running event loop
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                # No limit: each watch keeps a connection, and a kubelet has one for every program.
                connector=aiohttp.TCPConnector(ssl=self._ssl, limit=0),
                timeout=aiohttp.ClientTimeout(total=CALL_SECONDS, connect=5),
            )
        return self._session

    async def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        params: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        """Any request; `path` begins with a slash. Returns the decoded answer."""
        data = None if body is None else encoded(body)
        headers = {"Content-Type": content_type}
        async with self._open().request(
            method, self.server + path, data=data, params=params, headers=headers
        ) as response:
            text = await response.text()
            if response.status >= 400:
                raise error_of(response.status, text)
            return typing.cast("Object", json.loads(text)) if text[:1] == "{" else {"text": text}

    async def path(self, kind: str, namespace: str | None = None, name: str = "") -> str:
        """The URL path of a kind's collection, or of one object."""
        api_version, _, short = kind.rpartition("/")
        base = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        if short not in self._resources.get(api_version, {}):
            resources = (await self.request("GET", base))["resources"]
            self._resources[api_version] = {r["kind"]: r for r in resources if "/" not in r["name"]}
        resource = self._resources[api_version].get(short)
        if resource is None:
            raise ApiError(404, "NotFound", f"{self.server} serves no kind {kind}")
        scope = f"/namespaces/{namespace}" if namespace and resource["namespaced"] else ""
        return f"{base}{scope}/{resource['name']}" + (f"/{name}" if name else "")

    async def list_at(
        self, kind: str, namespace: str | None = None, *, labels: str = "", fields: str = ""
    ) -> tuple[list[Object], str]:
        """All objects of a kind that match the selectors, and the resourceVersion of the list."""
        params = {"labelSelector": labels, "fieldSelector": fields}
        answer = await self.request("GET", await self.path(kind, namespace), params=params)
        api_version, _, short = kind.rpartition("/")
        named = {"apiVersion": api_version, "kind": short}
        return [named | item for item in answer["items"]], answer["metadata"]["resourceVersion"]

    def shown(self, obj: Object) -> Object:
        """An object of a watch as this client shows it."""
        return obj

    @contextlib.asynccontextmanager
    async def stream(
        self, path: str, params: dict[str, str], *, silence_seconds: float
    ) -> collections.abc.AsyncGenerator[aiohttp.StreamReader, None]:
        """The body of a GET without a limit in time, but with one on silence."""
        timeout = aiohttp.ClientTimeout(total=None, connect=5, sock_read=silence_seconds)
        async with self._open().get(
            self.server + path, params=params, timeout=timeout, read_bufsize=2**22
        ) as response:
            if response.status >= 400:
                raise error_of(response.status, await response.text())
            try:
                yield response.content
            finally:
                # Not closed: TLS would wait for the server's farewell, longer than the loop lives.
                connection = response.connection
                if connection is not None and connection.transport is not None:
                    connection.transport.abort()


def _tls(ca_data: str | None, user: Object) -> ssl.SSLContext:
    ca = base64.b64decode(ca_data).decode() if ca_data else None
    context = ssl.create_default_context(cadata=ca)
    if "client-certificate-data" in user:
        # load_cert_chain reads files only; the folder is private and gone when this returns.
        with tempfile.TemporaryDirectory(prefix="akoo-testbed-") as folder:
            pair = pathlib.Path(folder, "pair.pem")
            parts = (user["client-certificate-data"], user["client-key-data"])
            pair.write_bytes(b"\n".join(base64.b64decode(part) for part in parts))
            context.load_cert_chain(pair)
    return context


def encoded(body: object) -> str:
    """JSON that a parser of YAML reads, too, as that of an apply patch is.

    YAML has no surrogate pairs, and takes some letters only as escapes.
    """
    text = json.dumps(body, ensure_ascii=False)
    return _NOT_YAML.sub(lambda letter: rf"\u{ord(letter[0]):04x}", text)


def error_of(status: int, text: str) -> ApiError:
    """From a Kubernetes Status; any other body is not quoted, it may be anybody's."""
    try:
        body = json.loads(text)
        return ApiError(status, body.get("reason", ""), body.get("message", ""))
    except (ValueError, AttributeError):
        return ApiError(status, "", "the answer is no Kubernetes Status")
