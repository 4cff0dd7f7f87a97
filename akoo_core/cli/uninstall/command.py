"""`akoo-core uninstall`: what has to be done before the operator and its CRDs may go."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Sequence

import click

from akoo_core import clock, errors
from akoo_core.cli import fleet, management, operating
from akoo_core.cli.annotate import write
from akoo_core.cli.uninstall import orphan as uninstall_orphan
from akoo_core.cli.uninstall import remove as uninstall_remove
from akoo_core.cli.uninstall import running_operator
from akoo_core.kube import client
from akoo_core.objects import config as durations
from akoo_core.plugin_host import controllers

_NEXT = (
    "next: delete the AKODeploymentConfigs while the operator still runs, then the operator, its "
    "policies and the CRDs: deploy/README.md, section Remove"
)


@click.command()
@click.option("--remove", is_flag=True, help="Remove AKO from every cluster; the operator runs.")
@click.option("--orphan", is_flag=True, help="Leave all as it is; the operator is stopped.")
@click.option("--timeout", default="1h", show_default=True, help="How long --remove waits: 10m.")
@click.option("--namespace", default="akoo-system", show_default=True, help="The operator's own.")
@click.option("--lease", default="akoo-core", show_default=True, help="The operator's Lease.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@operating.options
@management.option
def uninstall(
    remove: bool,
    orphan: bool,
    timeout: str,
    namespace: str,
    lease: str,
    yes: bool,
    plugins: str | None,
    config: pathlib.Path | None,
    kubeconfig: pathlib.Path | None,
) -> None:
    """Prepare for the operator to go: take AKO away everywhere, or let go of everything."""
    if remove == orphan:
        raise errors.InputError("say one of --remove (AKO goes) and --orphan (AKO stays)")
    within = durations.parse_duration(timeout)
    of = running_operator.Lease(namespace, lease)
    if remove:
        _show(management.run(kubeconfig, lambda kube: _removal(kube, of)))
        write.confirm("Do this?", yes=yes)
        _show(management.run(kubeconfig, lambda kube: _remove(kube, within), seconds=None))
        return
    held_by = operating.load(plugins, config).registered
    _show(management.run(kubeconfig, lambda kube: _orphaning(kube, of, held_by)))
    write.confirm("Do this?", yes=yes)
    _show(management.run(kubeconfig, lambda kube: _orphan(kube, of, held_by), seconds=None))


async def _removal(kube: client.KubeClient, of: running_operator.Lease) -> list[str]:
    """What --remove will do. Raises InputError when it cannot be done."""
    if not await running_operator.holder(kube, of, fleet.now()):
        raise errors.InputError(
            f"no operator holds Lease {of}, so nobody would remove anything. Start it, or say "
            "--orphan"
        )
    found = await fleet.records(kube)
    uninstall_remove.readable(found)
    return list(uninstall_remove.plan(found))


async def _remove(kube: client.KubeClient, within: datetime.timedelta) -> list[str]:
    await uninstall_remove.remove(kube, click.echo, within=within, clock=clock.SystemClock())
    return [_NEXT]


async def _orphaning(
    kube: client.KubeClient, of: running_operator.Lease, held_by: Sequence[controllers.Controller]
) -> list[str]:
    """What --orphan will do. Raises InputError when it cannot be done."""
    await _stopped(kube, of)
    found, records = await uninstall_orphan.marks(kube, held_by), await fleet.records(kube)
    uninstall_remove.readable(records)
    wrong = list(uninstall_orphan.problems(found, records))
    if wrong:
        raise errors.InputError(f"{'; '.join(wrong)}. Let the operator finish that first")
    return list(uninstall_orphan.plan(found))


async def _orphan(
    kube: client.KubeClient, of: running_operator.Lease, held_by: Sequence[controllers.Controller]
) -> list[str]:
    # Looked at again: minutes may have passed at the question.
    await _orphaning(kube, of, held_by)
    for mark in await uninstall_orphan.marks(kube, held_by):
        await _stopped(kube, of)
        await uninstall_orphan.take_off(kube, mark, click.echo)
    return list(uninstall_orphan.left_behind(await fleet.records(kube)))


async def _stopped(kube: client.KubeClient, of: running_operator.Lease) -> None:
    who = await running_operator.holder(kube, of, fleet.now())
    if who:
        raise errors.InputError(
            f"an operator runs ({who} holds Lease {of}) and would put back what is taken off. "
            "Stop it first: kubectl scale --replicas=0 its Deployment"
        )


def _show(lines: list[str]) -> None:
    for line in lines:
        click.echo(line)
