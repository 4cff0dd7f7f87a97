"""Who we are in the management cluster: a kubeconfig on the command line, or our Pod's account.

kubernetes_asyncio reads the user's credential (token, exec plugin, OIDC, GCP, basic; the account
token of a Pod, re-read every minute). It is imported here only, and late: that takes 276 ms.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import os
import pathlib
import ssl
from typing import Any

import yaml

from akoo_core import errors
from akoo_core.kube import endpoint, tls
from akoo_core.telemetry import redaction

EXEC_SECONDS = 30.0
"""How long a credential plugin may take."""

_TLS_FIELDS = ("certificate-authority", "client-certificate", "client-key")


async def endpoint_of(kubeconfig: str | None) -> endpoint.Endpoint:
    """The management cluster of the file ``kubeconfig``, or of the Pod we run in if it is None.

    Raises InputError that says what is wrong, and where.
    """
    # Its REST client logs whole bodies at DEBUG, Secrets included; its loader logs what a
    # credential plugin printed, before it raises the same.
    logging.getLogger("kubernetes_asyncio.client.rest").setLevel(logging.INFO)
    logging.getLogger("kubernetes_asyncio.config.kube_config").setLevel(logging.CRITICAL)
    if kubeconfig is None:
        return await asyncio.to_thread(_in_cluster)
    path = pathlib.Path(os.path.expanduser(kubeconfig))  # noqa: ASYNC240, PTH111 no I/O
    try:
        text = await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        raise errors.InputError(f"kubeconfig {path}: {error.strerror}") from error
    try:
        return await _from_file(path, text)
    except errors.InputError as error:
        raise errors.InputError(f"kubeconfig {path}: {error}") from error


async def _from_file(path: pathlib.Path, text: bytes) -> endpoint.Endpoint:
    config = _document(text)
    # Its import and its constructor block; nothing else runs this early.
    from kubernetes_asyncio.config import ConfigException, kube_config  # noqa: PLC0415

    try:
        context = _entry(config, "contexts", "context", config.get("current-context"))
        cluster = _entry(config, "clusters", "cluster", context.get("cluster"))
        user = _entry(config, "users", "user", context["user"]) if context.get("user") else {}
        server = _server(cluster)
        # It would write certificates and keys into temporary files and leave them (and their
        # descriptors) until exit; we read them ourselves and give it what is left.
        loader = kube_config.KubeConfigLoader(
            _without_tls(config), config_base_path=str(path.parent)
        )
        authorization = _Loaded(loader, user)
        await authorization.load()
        context_tls = await asyncio.to_thread(
            _tls, path.parent, cluster, user, authorization.exec_certificate
        )
    except ConfigException as error:
        # What a credential plugin printed stays out: it could be the credential.
        raise errors.InputError(str(error).partition("\n")[0].partition(". ")[0]) from error
    return endpoint.Endpoint(
        server=server,
        tls=context_tls if server.startswith("https:") else None,
        authorization=authorization,
        tls_server_name=cluster.get("tls-server-name"),
        proxy=cluster.get("proxy-url"),
    )


def _in_cluster() -> endpoint.Endpoint:
    if not os.environ.get("KUBERNETES_SERVICE_HOST"):
        raise errors.InputError(
            "no kubeconfig was given and this is not a Pod (KUBERNETES_SERVICE_HOST is not set): "
            "give --kubeconfig FILE"
        )
    from kubernetes_asyncio import client, config  # noqa: PLC0415

    configuration = client.Configuration()
    try:
        config.load_incluster_config(client_configuration=configuration)
        ca = pathlib.Path(configuration.ssl_ca_cert).read_bytes()
        context = tls.client_context(ca=ca)
    except (config.ConfigException, OSError, ssl.SSLError) as error:
        raise errors.InputError(f"the Pod's service account cannot be used: {error}") from error
    return endpoint.Endpoint(
        server=configuration.host, tls=context, authorization=_ServiceAccount(configuration)
    )


class _ServiceAccount:
    """The projected token of our Pod."""

    def __init__(self, configuration: Any) -> None:
        self._configuration = configuration
        self._registered: str | None = None

    async def header(self) -> str | None:
        # Asking runs the hook that reads the file again when a minute has passed.
        value: str | None = await self._configuration.get_api_key_with_prefix("BearerToken")
        if value != self._registered:
            _register(value)
            self._registered = value
        return value

    async def renew(self) -> bool:
        return False


class _Loaded:
    """The user of a kubeconfig; plugins are run again when their token ends, or after a 401."""

    def __init__(self, loader: Any, user: dict[str, Any]) -> None:
        self._loader = loader
        self._user = user
        self._header: str | None = None
        self._loading = asyncio.Lock()

    @property
    def exec_certificate(self) -> tuple[str, str] | None:
        """The files of a client certificate that a plugin gave instead of a token."""
        certificate = getattr(self._loader, "cert_file", None)
        return (
            (certificate, self._loader.key_file) if certificate and "exec" in self._user else None
        )

    async def load(self) -> None:
        """Run what the kubeconfig says. Raises InputError or ConfigException."""
        from kubernetes_asyncio import client  # noqa: PLC0415

        configuration = client.Configuration()
        try:
            async with asyncio.timeout(EXEC_SECONDS):
                await self._loader.load_and_set(configuration)
        except TimeoutError as error:
            message = f"its credential plugin did not end within {EXEC_SECONDS:.0f} s"
            raise errors.InputError(message) from error
        except (OSError, ValueError, TypeError, AssertionError) as error:
            message = f"its user's credential cannot be loaded ({type(error).__name__})"
            raise errors.InputError(message) from error
        self._header = configuration.api_key.get("BearerToken")
        _register(self._header)

    async def header(self) -> str | None:
        if self._expires:
            async with self._loading:
                await self.load()  # asks the plugin only if its token has ended
        return self._header

    async def renew(self) -> bool:
        if not self._renewable:
            return False
        async with self._loading:
            before = self._header
            with contextlib.suppress(AttributeError):
                del self._loader.exec_plugin_expiry
            await self.load()
            return self._header != before

    @property
    def _renewable(self) -> bool:
        return bool({"exec", "auth-provider", "tokenFile"} & self._user.keys())

    @property
    def _expires(self) -> bool:
        return hasattr(self._loader, "exec_plugin_expiry") or "auth-provider" in self._user


def _register(header: str | None) -> None:
    """Mask the credential of an Authorization header wherever text leaves this process."""
    if header:
        redaction.register(header.partition(" ")[2])


def _document(text: bytes) -> dict[str, Any]:
    try:
        config = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise errors.InputError(f"it is not YAML{where}") from None
    if not isinstance(config, dict):
        raise errors.InputError("it is empty or not a mapping")
    return config


def _entry(config: dict[str, Any], plural: str, singular: str, name: Any) -> dict[str, Any]:
    if not name:
        raise errors.InputError(f"no {singular} is chosen (current-context is empty?)")
    for entry in config.get(plural) or ():
        if isinstance(entry, dict) and entry.get("name") == name:
            found = entry.get(singular)
            if isinstance(found, dict):
                return found
    raise errors.InputError(f"{plural} has no entry named {name!r}")


def _server(cluster: dict[str, Any]) -> str:
    server = cluster.get("server")
    if not isinstance(server, str) or not server.startswith(("https://", "http://")):
        raise errors.InputError("its cluster has no server (https://host:port)")
    return server.rstrip("/")


def _without_tls(config: dict[str, Any]) -> dict[str, Any]:
    hidden = {name for field in _TLS_FIELDS for name in (field, f"{field}-data")}
    stripped = dict(config)
    for plural, singular in (("clusters", "cluster"), ("users", "user")):
        stripped[plural] = [
            {
                **entry,
                singular: {k: v for k, v in (entry.get(singular) or {}).items() if k not in hidden},
            }
            for entry in config.get(plural) or ()
            if isinstance(entry, dict)
        ]
    return stripped


def _tls(
    folder: pathlib.Path,
    cluster: dict[str, Any],
    user: dict[str, Any],
    exec_certificate: tuple[str, str] | None,
) -> ssl.SSLContext:
    certificate = _material(folder, user, "client-certificate")
    key = _material(folder, user, "client-key")
    if exec_certificate:
        certificate, key = (pathlib.Path(one).read_bytes() for one in exec_certificate)
    try:
        return tls.client_context(
            ca=_material(folder, cluster, "certificate-authority"),
            certificate=certificate,
            key=key,
            insecure=bool(cluster.get("insecure-skip-tls-verify")),
        )
    except (ssl.SSLError, ValueError) as error:
        raise errors.InputError(f"its certificates cannot be used ({error})") from error


def _material(folder: pathlib.Path, fields: dict[str, Any], name: str) -> bytes | None:
    """PEM from ``name``-data or from the file ``name``, which is relative to the kubeconfig."""
    if data := fields.get(f"{name}-data"):
        try:
            return base64.b64decode(str(data), validate=True)
        except ValueError:
            raise errors.InputError(f"{name}-data is not base64") from None
    if not (path := fields.get(name)):
        return None
    try:
        return (folder / str(path)).read_bytes()
    except OSError as error:
        raise errors.InputError(f"{name} {path}: {error.strerror}") from error
