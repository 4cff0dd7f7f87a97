"""The guard of workload kubeconfigs: from a Secret's bytes to a WorkloadEndpoint. Pure.

Whoever may write the Secret of a Cluster must not gain more than that Cluster: nothing in it may
run a program here, read a file of ours, send our credentials elsewhere or drop TLS. What
Cluster API's own providers write passes (``server``, ``certificate-authority-data``,
``client-certificate-data`` and ``client-key-data``, or ``token``).
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import ipaddress
import re
import ssl
import urllib.parse
from typing import Any

from akoo_core.kube import dialing, endpoint, errors
from akoo_core.kube.access import plainyaml, tls
from akoo_core.telemetry import certificates

SIZE_LIMIT = 64 * 1024
"""Bytes; ten thousand are usual. A Secret could hold 1 MiB, and YAML costs time."""

_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_HOST_LIMIT = 253
_FIELD = re.compile(r"[A-Za-z-]{1,40}")
_TOKEN = re.compile(r"[!-~]+")
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")

_CLUSTER_FIELDS = frozenset(
    {
        "server",
        "certificate-authority-data",
        "tls-server-name",
        "proxy-url",
        "insecure-skip-tls-verify",
        "disable-compression",
        "extensions",
    }
)
_USER_FIELDS = frozenset({"client-certificate-data", "client-key-data", "token", "extensions"})
_FILES = {
    "certificate-authority": "certificate-authority-data",
    "client-certificate": "client-certificate-data",
    "client-key": "client-key-data",
    "tokenFile": "token",
}
_PROGRAMS = {"exec": "KubeconfigExecRefused", "auth-provider": "KubeconfigAuthProviderRefused"}


@dataclasses.dataclass(frozen=True)
class WorkloadEndpoint:
    """The permitted fields of a kubeconfig, decoded. Its repr hides secrets."""

    server: str
    ca: bytes | None = None
    """PEM; None trusts the system's store."""
    tls_server_name: str | None = None
    client_certificate: bytes | None = dataclasses.field(default=None, repr=False)
    client_key: bytes | None = dataclasses.field(default=None, repr=False)
    token: str | None = dataclasses.field(default=None, repr=False)
    insecure: bool = False
    proxy: str | None = dataclasses.field(default=None, repr=False)

    def open(self) -> endpoint.Endpoint:
        """The endpoint with its TLS context.

        Raises KubeconfigError for certificates that cannot be used.
        """
        try:
            context = tls.client_context(
                ca=self.ca,
                certificate=self.client_certificate,
                key=self.client_key,
                insecure=self.insecure,
                peer=certificates.of_server("workload"),
            )
        except (ssl.SSLError, ValueError):
            raise _invalid("its certificates or its key cannot be read") from None
        return endpoint.Endpoint(
            server=self.server,
            tls=context,
            authorization=(
                endpoint.StaticToken(self.token) if self.token else endpoint.NoAuthorization()
            ),
            tls_server_name=self.tls_server_name,
            proxy=self.proxy,
        )


def parse(
    text: bytes,
    *,
    allow_insecure_tls: bool = False,
    allow_proxy: bool = False,
    allow_local_addresses: bool = False,
) -> WorkloadEndpoint:
    """The endpoint of the current context. Raises errors.KubeconfigError, and nothing else."""
    if len(text) > SIZE_LIMIT:
        raise _invalid(f"it is longer than {SIZE_LIMIT} bytes")
    try:
        config = plainyaml.load(text)
    except plainyaml.NotPlainError as error:
        raise _invalid(f"it is not plain YAML ({error})") from None
    if not isinstance(config, dict):
        raise _invalid("it is not a mapping")
    context = _named(
        config, "contexts", "context", config.get("current-context"), "current-context"
    )
    cluster = _named(config, "clusters", "cluster", context.get("cluster"), "the context's cluster")
    user = _named(config, "users", "user", context.get("user"), "the context's user")
    _refuse_programs_and_files({**cluster, **user})
    _refuse_unknown(cluster, _CLUSTER_FIELDS, "cluster")
    _refuse_unknown(user, _USER_FIELDS, "user")
    insecure, proxy = _loosened(
        cluster, allow_insecure_tls=allow_insecure_tls, allow_proxy=allow_proxy
    )
    certificate, key = _data(user, "client-certificate-data"), _data(user, "client-key-data")
    token = _text(user, "token")
    if token is not None and not _TOKEN.fullmatch(token):
        raise _invalid("its token has characters that an HTTP header cannot hold")
    if bool(certificate) != bool(key):
        raise _invalid("client-certificate-data and client-key-data belong together")
    if not certificate and not token:
        raise _invalid("its user has neither a client certificate nor a token")
    return WorkloadEndpoint(
        server=_server(cluster, allow_local_addresses=allow_local_addresses),
        ca=_data(cluster, "certificate-authority-data"),
        tls_server_name=_server_name(cluster),
        client_certificate=certificate,
        client_key=key,
        token=token,
        insecure=insecure,
        proxy=proxy,
    )


def _invalid(why: str) -> errors.KubeconfigError:
    return errors.KubeconfigError(
        "KubeconfigInvalid", f"the kubeconfig cannot be used: {why}; correct it"
    )


def _named(
    config: dict[str, Any], plural: str, singular: str, name: Any, role: str
) -> dict[str, Any]:
    """The one entry of ``plural`` with that name. Names are compared as text only."""
    entries = config.get(plural)
    matching = [
        entry.get(singular)
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict) and _is_name(name) and entry.get("name") == name
    ]
    if len(matching) != 1 or not isinstance(matching[0], dict):
        raise _invalid(f"{role} must name exactly one entry of {plural}")
    return matching[0]


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _refuse_programs_and_files(fields: dict[str, Any]) -> None:
    for name, reason in _PROGRAMS.items():
        if name in fields:
            message = f"the kubeconfig asks to run a program ({name}), which is never done"
            raise errors.KubeconfigError(reason, f"{message}: use a client certificate or a token")
    for name, instead in _FILES.items():
        if name in fields:
            message = (
                f"the kubeconfig names a file ({name}), which would be read on the operator's "
                "machine"
            )
            raise errors.KubeconfigError("KubeconfigFileRefused", f"{message}: use {instead}")


def _refuse_unknown(fields: dict[str, Any], known: frozenset[str], entry: str) -> None:
    unknown = sorted(name for name in fields if name not in known)
    if unknown:
        shown = [name for name in unknown if _FIELD.fullmatch(name)] or ["a field"]
        raise _invalid(f"its {entry} has {', '.join(shown[:3])}, which is not supported")


def _loosened(
    cluster: dict[str, Any], *, allow_insecure_tls: bool, allow_proxy: bool
) -> tuple[bool, str | None]:
    insecure = cluster.get("insecure-skip-tls-verify") or False
    if not isinstance(insecure, bool):
        raise _invalid("insecure-skip-tls-verify is not true or false")
    if insecure and not allow_insecure_tls:
        message = "the kubeconfig sets insecure-skip-tls-verify: our credential would go to anyone"
        raise errors.KubeconfigError(
            "KubeconfigInsecureRefused",
            f"{message}; use certificate-authority-data, or allow it for all clusters "
            "(workloadClusters.allowInsecureTls)",
        )
    proxy = _text(cluster, "proxy-url")
    if proxy and not allow_proxy:
        message = "the kubeconfig sets proxy-url, a host of its author's choice"
        raise errors.KubeconfigError(
            "KubeconfigProxyRefused",
            f"{message}; remove it, or allow it for all clusters (workloadClusters.allowProxy)",
        )
    return insecure, proxy


def _server(cluster: dict[str, Any], *, allow_local_addresses: bool) -> str:
    server = _text(cluster, "server") or ""
    host = _https_host(server)
    if host is None:
        raise _invalid("its server is not an https:// address of host and port")
    if dialing.is_local(host) and not allow_local_addresses:
        message = "the kubeconfig's server is an address of the operator's own host or link"
        raise errors.KubeconfigError(
            "KubeconfigAddressRefused",
            f"{message}; use the address of the cluster's API server, or allow it for all clusters "
            "(workloadClusters.allowLocalAddresses)",
        )
    return server.rstrip("/")


def _https_host(server: str) -> str | None:
    """The host of ``https://host[:port][/path]``; None for anything else, or more than that."""
    try:
        parts = urllib.parse.urlsplit(server)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    plain = f"https://[{host}]" if ":" in host else f"https://{host}"
    written = f"{plain}:{port}{parts.path}" if port else f"{plain}{parts.path}"
    path = parts.path.rstrip("/")
    dots = any(segment in (".", "..") for segment in path.split("/"))
    if written.lower() != server.lower() or not _is_host(host) or dots:
        return None
    return host if _PATH.fullmatch(path) else None


def _server_name(cluster: dict[str, Any]) -> str | None:
    name = _text(cluster, "tls-server-name")
    if name is not None and not _is_host(name):
        raise _invalid("its tls-server-name is not the name or the address of a host")
    return name


def _is_host(host: str) -> bool:
    """An IP address, or a name of ASCII labels (RFC 1123, and _); IDNA would fail late on
    others."""
    if ":" in host:
        try:
            return ipaddress.ip_address(host).version == 6 and "%" not in host
        except ValueError:
            return False
    labels = host.removesuffix(".").split(".")
    return len(host) <= _HOST_LIMIT and all(_LABEL.fullmatch(label) for label in labels)


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or any(ord(letter) < 32 for letter in value.strip()):
        raise _invalid(f"{name} is not a line of text")
    return value.strip()


def _data(fields: dict[str, Any], name: str) -> bytes | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _invalid(f"{name} is not text")
    try:
        decoded = base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        raise _invalid(f"{name} is not base64") from None
    if not decoded.isascii() or b"-----BEGIN" not in decoded:
        raise _invalid(f"{name} is not PEM")
    return decoded
