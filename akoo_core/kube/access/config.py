"""Credentials for the management cluster: a kubeconfig, or the account of our Pod.

kubernetes_asyncio reads every credential that has to be fetched or renewed (exec plugin, OIDC, GCP,
basic, token file; the account token of a Pod, re-read every minute). It is imported only here, and
only for those: the import takes 276 ms and 63 MiB.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pathlib
import ssl
from collections.abc import Sequence
from typing import Any

from akoo_core import errors
from akoo_core.kube import endpoint
from akoo_core.kube.access import credentials, kubefile, kubefiles, tls
from akoo_core.telemetry import redaction

_STATIC = frozenset(
    {
        "token",
        "client-certificate",
        "client-certificate-data",
        "client-key",
        "client-key-data",
    }
)
"""Fields of a user entry that hold a credential as it is."""


async def endpoint_of(kubeconfig: str | None, *, context: str = "") -> endpoint.Endpoint:
    """The management cluster of ``kubeconfig`` (a file, or several as KUBECONFIG lists them), or of
    our Pod for None. ``context`` "" is the current one.

    Raises InputError with the problem and its place.
    """
    # Its REST client logs whole bodies at DEBUG, Secrets included; its loader logs what a
    # credential plugin printed, before it raises the same.
    logging.getLogger("kubernetes_asyncio.client.rest").setLevel(logging.INFO)
    logging.getLogger("kubernetes_asyncio.config.kube_config").setLevel(logging.CRITICAL)
    if kubeconfig is None:
        if context and not os.environ.get("KUBERNETES_SERVICE_HOST"):
            raise errors.InputError(f"--context {context}: {kubefiles.NONE_FOUND}")
        if context:
            raise errors.InputError(f"--context {context}: a Pod's account has no contexts")
        return await asyncio.to_thread(_in_cluster)
    files = await asyncio.to_thread(kubefiles.paths, kubeconfig)
    parts = await asyncio.to_thread(kubefiles.read, files)
    try:
        return await _from_files(parts, context)
    except errors.InputError as error:
        raise errors.InputError(f"kubeconfig {kubefiles.listed(files)}: {error}") from error


async def _from_files(parts: Sequence[kubefiles.Part], context_name: str) -> endpoint.Endpoint:
    config = kubefiles.merged(parts)
    chosen = context_name or config.get("current-context")
    context = kubefile.entry(config, "contexts", "context", chosen)
    folder = kubefiles.folder_of(parts, context.get("user"))
    cluster = kubefile.entry(config, "clusters", "cluster", context.get("cluster"))
    user = kubefile.entry(config, "users", "user", context["user"]) if context.get("user") else {}
    server = kubefile.server(cluster)
    certificate = None
    authorization = _static(user)
    if authorization is None:
        loaded = await _loaded(folder, {**config, "current-context": chosen}, user)
        authorization, certificate = loaded, loaded.exec_certificate
    context_tls = await asyncio.to_thread(kubefile.context, folder, cluster, user, certificate)
    return endpoint.Endpoint(
        server=server,
        tls=context_tls if server.startswith("https:") else None,
        authorization=authorization,
        tls_server_name=cluster.get("tls-server-name"),
        proxy=cluster.get("proxy-url"),
    )


def _static(user: dict[str, Any]) -> endpoint.Authorization | None:
    """The authorization of a user with only a token or a certificate; None for any other. Such a
    user needs no library: nothing is fetched or renewed."""
    if not user.keys() <= _STATIC:
        return None
    token = user.get("token")
    if not token:
        return endpoint.NoAuthorization()
    redaction.register(str(token), keep=True)
    return endpoint.StaticToken(str(token))


async def _loaded(
    folder: pathlib.Path, config: dict[str, Any], user: dict[str, Any]
) -> credentials.LoadedUser:
    # Its import blocks; nothing else runs this early.
    from kubernetes_asyncio.config import ConfigException, kube_config  # noqa: PLC0415

    try:
        # It would write certificates and keys into temporary files and leave them (and their
        # descriptors) until exit; we read them ourselves and give it what is left.
        loader = kube_config.KubeConfigLoader(
            kubefile.without_tls(config), config_base_path=str(folder)
        )
        loaded = credentials.LoadedUser(loader, user)
        await loaded.load()
    except ConfigException as error:
        # What a credential plugin printed stays out: it could be the credential.
        raise errors.InputError(str(error).partition("\n")[0].partition(". ")[0]) from None
    return loaded


def _in_cluster() -> endpoint.Endpoint:
    if not os.environ.get("KUBERNETES_SERVICE_HOST"):
        raise errors.InputError(kubefiles.NONE_FOUND)
    from kubernetes_asyncio import client, config  # noqa: PLC0415

    configuration = client.Configuration()
    try:
        config.load_incluster_config(client_configuration=configuration)
        ca = pathlib.Path(configuration.ssl_ca_cert).read_bytes()
        context = tls.client_context(ca=ca)
    except (config.ConfigException, OSError, ssl.SSLError) as error:
        raise errors.InputError(f"the Pod's service account cannot be used: {error}") from error
    return endpoint.Endpoint(
        server=configuration.host,
        tls=context,
        authorization=credentials.ServiceAccount(configuration),
    )
