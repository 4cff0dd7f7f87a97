"""Who we are in the management cluster: a kubeconfig on the command line, or our Pod's account.

kubernetes_asyncio reads the user's credential (token, exec plugin, OIDC, GCP, basic; the account
token of a Pod, re-read every minute). It is imported here only, and late: that takes 276 ms.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pathlib
import ssl
from typing import Any

from akoo_core import errors
from akoo_core.kube import credentials, endpoint, kubefile, tls


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
    config = kubefile.document(text)
    context = kubefile.entry(config, "contexts", "context", config.get("current-context"))
    cluster = kubefile.entry(config, "clusters", "cluster", context.get("cluster"))
    user = kubefile.entry(config, "users", "user", context["user"]) if context.get("user") else {}
    server = kubefile.server(cluster)
    authorization = await _authorization(path.parent, config, user)
    certificate = authorization.exec_certificate if authorization else None
    context_tls = await asyncio.to_thread(kubefile.context, path.parent, cluster, user, certificate)
    return endpoint.Endpoint(
        server=server,
        tls=context_tls if server.startswith("https:") else None,
        authorization=authorization or endpoint.NoAuthorization(),
        tls_server_name=cluster.get("tls-server-name"),
        proxy=cluster.get("proxy-url"),
    )


async def _authorization(
    folder: pathlib.Path, config: dict[str, Any], user: dict[str, Any]
) -> credentials.Loaded | None:
    if not user:
        return None
    # Its import blocks; nothing else runs this early.
    from kubernetes_asyncio.config import ConfigException, kube_config  # noqa: PLC0415

    try:
        # It would write certificates and keys into temporary files and leave them (and their
        # descriptors) until exit; we read them ourselves and give it what is left.
        loader = kube_config.KubeConfigLoader(
            kubefile.without_tls(config), config_base_path=str(folder)
        )
        loaded = credentials.Loaded(loader, user)
        await loaded.load()
    except ConfigException as error:
        # What a credential plugin printed stays out: it could be the credential.
        raise errors.InputError(str(error).partition("\n")[0].partition(". ")[0]) from None
    return loaded


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
        server=configuration.host,
        tls=context,
        authorization=credentials.ServiceAccount(configuration),
    )
