"""The management cluster of a command: which kubeconfig, and a client with an end in time."""

from __future__ import annotations

import asyncio
import os
import pathlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click
from click.core import ParameterSource

from akoo_core import errors, external
from akoo_core.kube import client, config, transport

T = TypeVar("T")

SECONDS = 60.0
"""For all that a command asks; one request has 10 seconds."""

HOME = pathlib.Path("~/.kube/config")

option = click.option(
    "--kubeconfig",
    type=click.Path(path_type=pathlib.Path),
    envvar="KUBECONFIG",
    help="Of the management cluster. Without it: ~/.kube/config, or the Pod's ServiceAccount.",
)


def chosen(own: pathlib.Path | None) -> pathlib.Path | None:
    """The kubeconfig to use; None: the Pod's own ServiceAccount. ``own`` is the command's option.

    What is typed goes before variables: after the command, before it, KUBECONFIG, AKOO_KUBECONFIG,
    then ~/.kube/config if there is one. Raises InputError for KUBECONFIG with several files.
    """
    context = click.get_current_context()
    given = [(own, context.get_parameter_source("kubeconfig"))]
    if context.parent is not None:
        above = context.parent
        source = above.get_parameter_source("kubeconfig")
        given.append((above.params.get("kubeconfig"), source))
    for typed in (True, False):
        for path, source in given:
            if path is not None and (source is ParameterSource.COMMANDLINE) == typed:
                return _one_file(path)
    home = HOME.expanduser()
    return home if home.is_file() else None


def _one_file(path: pathlib.Path) -> pathlib.Path:
    if os.pathsep in str(path) and not path.exists():
        raise errors.InputError(
            f"KUBECONFIG names several files ({path}); name one with --kubeconfig"
        )
    return path


async def connect(
    kubeconfig: pathlib.Path | None, seam: external.External | None = None
) -> client.KubeClient:
    """A client of the management cluster, to be closed. Raises InputError.

    ``seam`` None: one of its own, that lets everything pass.
    """
    endpoint = await config.endpoint_of(str(kubeconfig) if kubeconfig else None)
    return transport.HttpClient(endpoint, external=seam or external.External())


def run(
    kubeconfig: pathlib.Path | None,
    work: Callable[[client.KubeClient], Awaitable[T]],
    *,
    seconds: float | None = SECONDS,
    seam: external.External | None = None,
) -> T:
    """What ``work`` returns. ``kubeconfig`` is the command's option.

    ``seconds`` None: work has deadlines of its own.
    Raises AkooError when the API server was too slow, and what ``work`` raises.
    """
    path = chosen(kubeconfig)

    async def bounded() -> T:
        one = await connect(path, seam)
        try:
            async with asyncio.timeout(seconds):
                return await work(one)
        except TimeoutError as error:
            raise errors.AkooError(
                "the API server of the management cluster did not answer in time; try again"
            ) from error
        finally:
            await one.close()

    return asyncio.run(bounded())
