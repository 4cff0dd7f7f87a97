"""The account in a Secret, and the addresses that it may be sent to.

Everybody who may write a config or an object of a plugin names a Secret and an address there. The
operator reads the Secret, so without a guard they could send any credential to any host. Key
``hosts`` of a Secret is that guard: a plugin reads an account here, and nowhere else.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from typing import Final, NamedTuple

from akoo_core.plugin import api
from akoo_core.plugin.errors import HostNotAllowedError, SecretInvalidError

USERNAME: Final = "username"
PASSWORD: Final = "password"  # noqa: S105 - the name of a key
CA: Final = "certificateAuthorityData"
HOSTS: Final = "hosts"
"""Key of a credential's Secret: the addresses it may be sent to, separated by spaces or commas."""
HTTPS_PORT: Final = 443

_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
_WITH_PORT = re.compile(r"(?P<host>\[[^\]]+\]|[^:\[\]]+)(?::(?P<port>\d{1,5}))?", re.ASCII)


class HostAddress(NamedTuple):
    """A host and a port. Equal for all spellings of the same address."""

    host: str
    """In lower case, without a dot at the end; an IP address in its shortest form, no brackets."""
    port: int | None
    """None: the text named no port."""

    @property
    def endpoint(self) -> tuple[str, int]:
        """Host and port; port 443 where the text named none."""
        return self.host, self.port or HTTPS_PORT

    def allows(self, other: HostAddress) -> bool:
        """``other`` is this host, at this port or, without a port, at any."""
        host, port = other.endpoint
        return self.host == host and self.port in (None, port)


def parse(text: str) -> HostAddress | None:
    """The address that ``text`` (``host``, ``host:port``, ``[v6]:port``) spells, or None if it
    spells none. Pure."""
    text = text.strip()
    if is_v6(text):
        return HostAddress(_normal(text), None)
    match = _WITH_PORT.fullmatch(text)
    if match is None:
        return None
    host, port = match["host"], int(match["port"]) if match["port"] else None
    good = is_v6(host[1:-1]) if host.startswith("[") else bool(_HOST.fullmatch(host))
    if not good or (port is not None and not 0 < port < 65536):
        return None
    return HostAddress(_normal(host.strip("[]")), port)


def is_v6(text: str) -> bool:
    """True for a bare IPv6 address without a zone. Pure."""
    try:
        return ipaddress.ip_address(text).version == 6 and "%" not in text
    except ValueError:
        return False


@dataclasses.dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account as its Secrets hold it now. Secret: no repr shows it."""

    username: str
    password: str = dataclasses.field(repr=False)
    ca_pem: str = dataclasses.field(repr=False)
    """"" where no CA is given."""
    named: api.Account
    """Secret, version and address, without a secret: the name for a LoginMemory. Its version is ""
    where the reader knows none."""


async def read(
    secrets: api.SecretReader,
    credential: api.SecretName,
    address: str,
    *,
    ca: api.SecretName | None = None,
    ca_beside: bool = False,
    correct: str = "the address",
) -> StoredAccount:
    """The account of ``credential`` for ``address``, and for no other.

    Keys ``username`` and ``password``; ``certificateAuthorityData`` of Secret ``ca``, which then
    must have it, else of the credential's own Secret if ``ca_beside``. ``correct``: the field that
    holds the address, for messages. Raises HostNotAllowedError, SecretInvalidError, and
    those of the reader.
    """
    allowed = await secrets.read(credential.source(HOSTS, optional=True)) or b""
    _check_host(credential, address, allowed.decode(errors="replace"), correct)
    username = await _read(secrets, credential, USERNAME)
    password = await _read(secrets, credential, PASSWORD)
    ca_pem = ""
    if ca is not None or ca_beside:
        holder = ca or credential
        value = await secrets.read(holder.source(CA, optional=ca is None)) or b""
        ca_pem = _decoded(value, holder, CA)
    version = await secrets.version(*credential.pair)
    named = api.Account(secret=str(credential), version=version, address=address)
    return StoredAccount(username, password, ca_pem, named)


async def _read(secrets: api.SecretReader, secret: api.SecretName, key: str) -> str:
    value = await secrets.read(secret.source(key, single_line=True)) or b""
    text = _decoded(value, secret, key)
    if not text:
        raise _invalid(secret, f"{key} is empty")
    return text


def _decoded(value: bytes, secret: api.SecretName, key: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:  # holds the bytes
        raise _invalid(secret, f"{key} is not UTF-8") from None


def _check_host(credential: api.SecretName, address: str, allowed: str, correct: str) -> None:
    hosts = allowed.replace(",", " ").split()
    if hosts and not _is_allowed(address, hosts):
        raise HostNotAllowedError(
            f"Secret {credential} is not sent to {address}: its key {HOSTS} allows "
            f"{', '.join(hosts)}. Correct {correct}, or add it there."
        )


def _is_allowed(text: str, hosts: list[str]) -> bool:
    """The address is among the hosts, in any spelling. A text that is no address is in no list."""
    wanted = parse(text)
    known = (parse(host) for host in hosts)
    return wanted is not None and any(host is not None and host.allows(wanted) for host in known)


def _invalid(secret: api.SecretName, problem: str) -> SecretInvalidError:
    return SecretInvalidError(f"Secret {secret}: {problem}. Correct it.")


def _normal(host: str) -> str:
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return host.lower().removesuffix(".")
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip)
