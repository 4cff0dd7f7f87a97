"""An adapter of requests that connects through the proxy. Needs requests, which core does not."""

from __future__ import annotations

import http.client
import ssl
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any, Final

import requests
import requests.adapters
import urllib3.connection
import urllib3.connectionpool

from akoo_core.outside import failures, proxies, tunnel

DEFAULT_SECONDS: Final = 10.0
"""Longest CONNECT of a request without a deadline."""

Choose = Callable[[str, int], proxies.HttpProxy | None]
"""The proxy for a host and a port; None: directly."""


class ProxyFailedError(requests.exceptions.ConnectionError):  # type: ignore[misc]
    """The proxy opened no connection. Nothing was sent to the server. Its text is ours."""


class _TunnelConnection(urllib3.connection.HTTPSConnection):
    """Asks the proxy by our own CONNECT, with one deadline and errors that have a name."""

    proxied: proxies.HttpProxy

    def _tunnel(self) -> None:
        seconds = self.sock.gettimeout() or DEFAULT_SECONDS
        host, port = str(self._tunnel_host), int(self._tunnel_port or http.client.HTTPS_PORT)
        tunnel.open_to(self.sock, host.strip("[]"), port, proxy=self.proxied, seconds=seconds)
        self.sock.settimeout(seconds)


class ProxyAdapter(requests.adapters.HTTPAdapter):  # type: ignore[misc]
    """Connects through the proxy that ``choose`` names; TLS by ``context``, with the server alone.

    The proxy sees host and port, and no byte of a request. ``http://`` is always called directly.
    ``context`` None: that of requests.
    """

    def __init__(self, *, context: ssl.SSLContext | None, choose: Choose, **options: Any) -> None:
        self._trusting = {} if context is None else {"ssl_context": context}
        self._choose = choose
        self._known: dict[str, proxies.HttpProxy] = {}
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, **self._trusting)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        made = super().proxy_manager_for(proxy, **options, **self._trusting)
        by_scheme = {**made.pool_classes_by_scheme, "https": _pool(self._known[proxy])}
        made.pool_classes_by_scheme = by_scheme
        return made

    def send(self, request: Any, *args: Any, **options: Any) -> requests.Response:
        parts = urllib.parse.urlsplit(request.url)
        proxy = None
        if parts.scheme == "https":
            proxy = self._choose(parts.hostname or "", parts.port or http.client.HTTPS_PORT)
        options["proxies"] = {}
        if proxy is not None:
            self._known[proxy.url] = proxy
            options["proxies"] = {"https": proxy.url}
        try:
            return super().send(request, *args, **options)
        except requests.exceptions.RequestException as error:
            problem = _problem(error, proxy) if proxy else ""
            if not problem:
                raise
            raise ProxyFailedError(problem) from None


def session(*, context: ssl.SSLContext | None, choose: Choose) -> requests.Session:
    """A session that takes no proxy, CA or credential of the environment."""
    made = requests.Session()
    made.trust_env = False
    made.mount("https://", ProxyAdapter(context=context, choose=choose))
    return made


def causes(error: BaseException) -> Iterator[BaseException]:
    """The errors behind an error of requests: reasons, causes and arguments, once each."""
    waiting: list[Any] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [getattr(cause, "reason", None), cause.__cause__, cause.__context__]
            waiting += cause.args


def _pool(proxy: proxies.HttpProxy) -> type[urllib3.connectionpool.HTTPSConnectionPool]:
    class ProxyConnection(_TunnelConnection):
        proxied = proxy

    class ProxyPool(urllib3.connectionpool.HTTPSConnectionPool):
        ConnectionCls = ProxyConnection

    return ProxyPool


def _problem(error: BaseException, proxy: proxies.HttpProxy) -> str:
    """The failure of ``proxy`` behind ``error``, and the remedy; "" for all other errors."""
    behind = tuple(causes(error))
    for cause in behind:
        if isinstance(cause, tunnel.TunnelError):
            return str(cause)
    if any(isinstance(cause, requests.exceptions.ProxyError) for cause in behind):
        return failures.unreachable(proxy)
    return ""
