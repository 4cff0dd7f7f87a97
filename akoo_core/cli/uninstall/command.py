"""`akoo-core uninstall`: prepares the removal of the operator and its CRDs."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Sequence

import click

from akoo_core import clock, errors
from akoo_core.cli import fleet, management, operating
from akoo_core.cli.annotate import write
from akoo_core.cli.uninstall import orphan as uninstall_orphan
from akoo_core.cli.uninstall import outside, running_operator
from akoo_core.cli.uninstall import remove as uninstall_remove
from akoo_core.kube import client
from akoo_core.objects import config as durations
from akoo_core.plugin_host import controllers

_NEXT = (
    "next: delete the AKODeploymentConfigs while the operator still runs, then the operator, its "
    "policies and the CRDs: deploy/README.md, section Remove"
)


@click.command()
@click.option(
    "--remove", is_flag=True, help="Remove AKO from every cluster. The operator must run."
)
@click.option(
    "--orphan", is_flag=True, help="Leave AKO in every cluster. The operator must be stopped."
)
@click.option("--timeout", default="1h", show_default=True, help="Longest wait of --remove: 10m.")
@click.option(
    "--namespace", default="akoo-system", show_default=True, help="Namespace of the operator."
)
@click.option("--lease", default="akoo-core", show_default=True, help="Lease of the operator.")
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
    """Prepare the removal of the operator: remove AKO everywhere, or orphan every cluster."""
    if remove == orphan:
        raise errors.InputError("choose --remove (AKO goes) or --orphan (AKO stays)")
    within = durations.parse_duration(timeout)
    of = running_operator.Lease(namespace, lease)
    held_by = operating.load(plugins, config).registered
    if remove:
        _show(management.run(kubeconfig, lambda kube: _removal(kube, of, held_by)))
        write.confirm("Do this?", yes=yes)
        _show(management.run(kubeconfig, lambda kube: _remove(kube, of, within), seconds=None))
        return
    _show(management.run(kubeconfig, lambda kube: _orphaning(kube, of, held_by)))
    write.confirm("Do this?", yes=yes)
    _show(management.run(kubeconfig, lambda kube: _orphan(kube, of, held_by), seconds=None))


async def _removal(
    kube: client.KubeClient, of: running_operator.Lease, held_by: Sequence[controllers.Controller]
) -> list[str]:
    """The plan of --remove. Raises InputError when it cannot start."""
    if not await running_operator.holder(kube, of, fleet.now()):
        raise errors.InputError(
            f"no operator holds Lease {of}, so nothing would be removed. Start it, or use --orphan"
        )
    records = await _removable(kube, of)
    return [*uninstall_remove.plan(records), *await outside.lines(kube, held_by)]


async def _removable(kube: client.KubeClient, of: running_operator.Lease) -> fleet.Records:
    """The records. Raises InputError where the end of one could not be seen, or would not come."""
    records = await fleet.records(kube)
    uninstall_remove.readable(records)
    uninstall_remove.watched(records, await running_operator.watched_namespace(kube, of))
    return records


async def _remove(
    kube: client.KubeClient, of: running_operator.Lease, within: datetime.timedelta
) -> list[str]:
    # Check again: the question may have waited for minutes.
    await _removable(kube, of)
    await uninstall_remove.remove(kube, click.echo, within=within, clock=clock.SystemClock())
    return [_NEXT]


async def _orphaning(
    kube: client.KubeClient, of: running_operator.Lease, held_by: Sequence[controllers.Controller]
) -> list[str]:
    """The plan of --orphan. Raises InputError when it cannot start."""
    await _stopped(kube, of)
    marks, records = await uninstall_orphan.marks(kube, held_by), await fleet.records(kube)
    uninstall_remove.readable(records)
    wrong = list(uninstall_orphan.problems(marks, records))
    if wrong:
        raise errors.InputError(f"{'; '.join(wrong)}. Let the operator finish that first")
    return [*uninstall_orphan.plan(marks), *await outside.lines(kube, held_by)]


async def _orphan(
    kube: client.KubeClient, of: running_operator.Lease, held_by: Sequence[controllers.Controller]
) -> list[str]:
    # Check again: the question may have waited for minutes.
    await _orphaning(kube, of, held_by)
    for mark in await uninstall_orphan.marks(kube, held_by):
        await _stopped(kube, of)
        await uninstall_orphan.remove_mark(kube, mark, click.echo)
    return list(uninstall_orphan.left_behind(await fleet.records(kube)))


async def _stopped(kube: client.KubeClient, of: running_operator.Lease) -> None:
    who = await running_operator.holder(kube, of, fleet.now())
    if who:
        raise errors.InputError(
            f"an operator runs ({who} holds Lease {of}) and would put the finalizers back. "
            "Stop it first: kubectl scale --replicas=0 its Deployment"
        )


def _show(lines: list[str]) -> None:
    for line in lines:
        click.echo(line)
