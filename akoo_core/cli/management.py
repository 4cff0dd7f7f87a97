"""The management cluster of a command: its kubeconfig, and a client with a deadline."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import click
from click.core import ParameterSource

from akoo_core import errors, external
from akoo_core.cli import options
from akoo_core.kube import client, statuses, transport
from akoo_core.kube.access import config, kubefiles

T = TypeVar("T")

SECONDS = 60.0
"""Deadline for a command; a single request has 10 seconds."""

HOME = pathlib.Path("~/.kube/config")

option = options.management


def chosen(own: pathlib.Path | None) -> kubefiles.KubeconfigChoice:
    """The kubeconfig and context to use. ``own`` is the command's option.

    Typed options come before variables. The order: after the command, before it, KUBECONFIG,
    AKOO_KUBECONFIG, ~/.kube/config if it exists, the Pod's own account.
    """
    context = click.get_current_context()
    candidates = [(own, context.get_parameter_source("kubeconfig"))]
    if context.parent is not None:
        above = context.parent
        candidates.append(
            (above.params.get("kubeconfig"), above.get_parameter_source("kubeconfig"))
        )
    typed = [
        str(path) for path, source in candidates if path and source is ParameterSource.COMMANDLINE
    ]
    variables = [os.environ[name] for name in options.VARIABLES if os.environ.get(name)]
    home = HOME.expanduser()
    kubeconfig = next(iter((*typed, *variables)), str(home) if home.is_file() else None)
    return kubefiles.KubeconfigChoice(kubeconfig, options.context())


async def connect(
    choice: kubefiles.KubeconfigChoice, seam: external.External | None = None
) -> client.KubeClient:
    """A client of the management cluster, to be closed. Raises InputError.

    ``seam`` None: an External of its own without limits.
    """
    endpoint = await config.endpoint_of(choice.kubeconfig, context=choice.context)
    return transport.HttpClient(
        endpoint, external=seam or external.External(), role=statuses.PERSON_ROLE
    )


@contextlib.asynccontextmanager
async def beside(kubeconfig: pathlib.Path | None) -> AsyncIterator[client.KubeClient]:
    """A second client that may write, for a read-only command: it stores refused logins.

    ``kubeconfig`` is the command's option."""
    kube = await connect(chosen(kubeconfig))
    try:
        yield kube
    finally:
        await kube.close()


def run(
    kubeconfig: pathlib.Path | None,
    command: Callable[[client.KubeClient], Awaitable[T]],
    *,
    seconds: float | None = SECONDS,
    seam: external.External | None = None,
) -> T:
    """Run ``command`` and return its result. ``kubeconfig`` is the command's option.

    ``seconds`` None: the command has deadlines of its own.
    Raises AkooError when the API server was too slow, and the errors of ``command``.
    """
    choice = chosen(kubeconfig)

    async def bounded() -> T:
        kube = await connect(choice, seam)
        try:
            async with asyncio.timeout(seconds):
                return await command(kube)
        except TimeoutError as error:
            raise errors.AkooError(
                "the API server of the management cluster did not answer in time; try again"
            ) from error
        finally:
            await kube.close()

    return asyncio.run(bounded())
