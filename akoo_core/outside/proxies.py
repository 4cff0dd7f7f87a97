"""The HTTP proxy for outside systems, and the hosts that are called directly. Pure.

The entries of ``noProxy`` mean what they mean in ``NO_PROXY`` for programs in Go, which kubectl and
Cluster API are (golang.org/x/net/http/httpproxy).
"""

from __future__ import annotations

import base64
import dataclasses
import ipaddress
import re
import urllib.parse
from collections.abc import Mapping
from typing import Final, NamedTuple

_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_NAME = re.compile(
    r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*", re.ASCII
)
_LINE = re.compile(r"[ -~]+", re.ASCII)

HTTP_PORT: Final = 80
VARIABLES: Final = ("HTTPS_PROXY", "https_proxy")
"""Variables with the URL of the proxy; the first that is set counts, as in Go."""
NO_VARIABLES: Final = ("NO_PROXY", "no_proxy")
API_SERVER: Final = "KUBERNETES_SERVICE_HOST"
"""The variable with the address of the API server, in each Pod."""
LOOPBACK: Final = ("localhost", "127.0.0.0/8", "::1")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclasses.dataclass(frozen=True, slots=True)
class HttpProxy:
    """An HTTP proxy that opens connections (CONNECT). Its text is its URL, without a secret."""

    host: str
    """A name or an address, without brackets."""
    port: int
    username: str = dataclasses.field(default="", repr=False)
    password: str = dataclasses.field(default="", repr=False)

    @property
    def url(self) -> str:
        """``http://host:port``, without user and password."""
        return f"http://{place(self.host, self.port)}"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of CONNECT that hold the credential; none without one."""
        if not self.username:
            return {}
        pair = f"{self.username}:{self.password}".encode()
        return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def __str__(self) -> str:
        return self.url


class Direct(NamedTuple):
    """The meaning of one entry of ``noProxy``; the entry ``*`` has no part at all."""

    name: str = ""
    """A host name, in lower case."""
    below_only: bool = False
    """The names below ``name`` only, and not ``name`` itself."""
    network: Network | None = None
    port: int = 0
    """0: every port."""

    def covers(self, host: str, address: Address | None, port: int) -> bool:
        """True for a host (in lower case, without a final dot) that is called directly."""
        if self.port and self.port != port:
            return False
        if self.network is not None:
            return address is not None and address in self.network
        if not self.name:
            return True
        return (host == self.name and not self.below_only) or (
            address is None and host.endswith(f".{self.name}")
        )


class Proxies(NamedTuple):
    """The proxy for outside systems. Without ``proxy`` every host is called directly."""

    proxy: HttpProxy | None = None
    no_proxy: tuple[Direct, ...] = ()

    def proxy_for(self, host: str, port: int) -> HttpProxy | None:
        """The proxy that connects to ``host``; None to connect directly."""
        name = host.strip("[]").lower().removesuffix(".")
        address = _address(name)
        if any(direct.covers(name, address, port) for direct in self.no_proxy):
            return None
        return self.proxy


NONE = Proxies()


def parse(url: str, no_proxy: tuple[str, ...]) -> Proxies:
    """The proxy of these settings, which have no ``problems``. Raises ValueError for others."""
    return Proxies(HttpProxy(*endpoint(url)) if url else None, tuple(map(_direct, no_proxy)))


def chosen(url: str, no_proxy: tuple[str, ...], environ: Mapping[str, str]) -> Proxies:
    """The proxy of these settings, and of the variables HTTPS_PROXY and NO_PROXY where they are
    empty. Loopback and the API server of a Pod are direct in any case.

    Raises ValueError, which names the variable and quotes nothing, for a variable that cannot be
    used. Entries of NO_PROXY that have no meaning are skipped, as Go does.
    """
    proxy = HttpProxy(*endpoint(url)) if url else _of_environment(environ)
    if proxy is None:
        return NONE
    text = next((environ[name] for name in NO_VARIABLES if environ.get(name)), "")
    entries = no_proxy or tuple(filter(_is_entry, text.split(",")))
    server = environ.get(API_SERVER, "")
    always = (*LOOPBACK, *filter(_is_entry, [server]))
    return Proxies(proxy, tuple(map(_direct, (*entries, *always))))


def place(host: str, port: int) -> str:
    """``host:port``, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def endpoint(url: str) -> tuple[str, int]:
    """Host (without brackets) and port of a proxy. Raises ValueError for anything else."""
    parts = urllib.parse.urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if (
        parts.scheme != "http"
        or "@" in parts.netloc
        or parts.path not in ("", "/")
        or parts.query
        or parts.fragment
        or not port
        or not (_NAME.fullmatch(host) or _address(host))
    ):
        raise ValueError("it is not http://host:port")
    return host, port


def problems(url: str, no_proxy: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(path, problem) of each setting that cannot be used. No problem quotes the URL."""
    wrong: list[tuple[str, str]] = []
    if "@" in url:
        problem = (
            "holds a user or a password, and a secret does not belong here. Leave it empty, and "
            "give the URL by the variable HTTPS_PROXY, from a Secret"
        )
        wrong.append(("url", problem))
    elif url:
        try:
            endpoint(url)
        except ValueError:
            wrong.append(("url", "must be http://host:port"))
    for index, entry in enumerate(no_proxy):
        if not _is_entry(entry):
            problem = (
                "must be a host name, a suffix (.example.com), an IP address or a network "
                "(10.0.0.0/8), each with or without a port, or * for all"
            )
            wrong.append((f"noProxy[{index}]", problem))
    return tuple(wrong)


def _of_environment(environ: Mapping[str, str]) -> HttpProxy | None:
    """The proxy of the environment, as Go reads it: the scheme may be missing, and the port."""
    variable = next((name for name in VARIABLES if environ.get(name)), "")
    if not variable:
        return None
    text = environ[variable].strip()
    wrong = f"{variable}: must be http://host:port, with or without user:password@ before the host"
    try:
        parts = urllib.parse.urlsplit(text if "://" in text else f"http://{text}")
        credential, _, where = parts.netloc.rpartition("@")
        bare = parts._replace(netloc=where if parts.port else f"{where.rstrip(':')}:{HTTP_PORT}")
        host, port = endpoint(bare.geturl())
    except ValueError:
        raise ValueError(wrong) from None
    username, _, password = credential.partition(":")
    username, password = urllib.parse.unquote(username), urllib.parse.unquote(password)
    if credential and not _LINE.fullmatch(username + password):
        raise ValueError(wrong)
    return HttpProxy(host, port, username, password)


def _is_entry(entry: str) -> bool:
    try:
        _direct(entry)
    except ValueError:
        return False
    return True


def _direct(entry: str) -> Direct:
    text = entry.strip().lower()
    if text == "*":
        return Direct()
    if "/" in text:
        return Direct(network=ipaddress.ip_network(text, strict=False))
    host, port = _split(text)
    address = _address(host)
    if address is not None:
        return Direct(network=ipaddress.ip_network(address), port=port)
    name = host.removeprefix("*").removeprefix(".").removesuffix(".")
    if (host.startswith("*") and not host.startswith("*.")) or not _NAME.fullmatch(name):
        raise ValueError("it is no name")
    return Direct(name=name, below_only=host.startswith(("*", ".")), port=port)


def _split(text: str) -> tuple[str, int]:
    """Host and port; port 0 where there is none."""
    if _address(text) is not None:
        return text, 0
    host, colon, port = text.rpartition(":")
    if not colon:
        return text, 0
    if not _PORT.fullmatch(port) or not 0 < int(port) <= 65535:
        raise ValueError("it has no port")
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1], int(port)
    return host, int(port)


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
