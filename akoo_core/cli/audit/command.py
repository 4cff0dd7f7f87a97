"""`akoo-core audit [PLUGIN]`: lists objects outside without a living owner, and removes them."""

from __future__ import annotations

import datetime
import pathlib

import click

from akoo_core import errors, external, structs
from akoo_core.cli import fleet, management, operating, options
from akoo_core.cli.audit import find, remove
from akoo_core.kube import client
from akoo_core.objects.config import parse_duration
from akoo_core.reconcile.decide import user_annotations

STRAYS_EXIT_CODE = 1


@click.command()
@click.argument("plugin", metavar="[PLUGIN]", required=False)
@options.output
@click.option("--sweep", metavar="NAME", help="Remove the objects of this owner.")
@click.option(
    "--tenants",
    default="",
    metavar="NAMES",
    help="Remove only objects in these tenants: names or UUIDs, separated by commas.",
)
@click.option("--claimed-elsewhere", is_flag=True, help="Also if another claims them.")
@click.option("--timeout", default="10m", show_default=True, help="Longest wait of --sweep.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@operating.login_option
@operating.options
@management.option
def audit(
    plugin: str | None,
    output: str,
    sweep: str | None,
    tenants: str,
    claimed_elsewhere: bool,
    timeout: str,
    yes: bool,
    login: bool,
    plugins: str | None,
    config: pathlib.Path | None,
    kubeconfig: pathlib.Path | None,
) -> int:
    """List objects outside without a living owner, or remove them (--sweep)."""
    loaded = operating.load(plugins, config)
    only = plugin or ""
    if sweep is None:
        if tenants:
            raise errors.InputError("--tenants needs --sweep")
        results = _look(loaded, kubeconfig, only, "", login=login)[0]
        _show(results, output)
        return 0 if find.clean(results) else STRAYS_EXIT_CODE
    if output == "json":
        raise errors.InputError("--output json does not go with --sweep")
    within = parse_duration(timeout)
    results, management_id = _look(loaded, kubeconfig, only, sweep, login=login)
    mine = remove.chosen(results, sweep, management_id, claimed_elsewhere=claimed_elsewhere)
    named = user_annotations.listed(tenants)
    for line in remove.effects(mine, sweep, fleet.now(), tenants=named):
        click.echo(line)
    remove.confirm(sweep, yes=yes)
    # The plugins of the audit are closed, and could not write: load them again.
    for result in mine:
        again = operating.load(plugins, config)
        _take_away(again, kubeconfig, result.plugin, sweep, within, named, login=login)
    return 0


def _look(
    loaded: operating.OperatorParts,
    kubeconfig: pathlib.Path | None,
    only: str,
    owner: str,
    *,
    login: bool,
) -> tuple[tuple[find.Result, ...], str]:
    """The results and our management id. ``owner``: whose objects will be removed, "" for none."""
    seam = loaded.seam(external.ReadOnly())

    async def look(kube: client.KubeClient) -> tuple[tuple[find.Result, ...], str]:
        if owner and (why := remove.refusal(await find.living(kube), owner)):
            raise errors.InputError(why)
        async with (
            management.beside(kubeconfig) as writing,
            operating.services(
                kube, loaded, seam, operating.logins(loaded, writing, login=login)
            ) as services,
        ):
            auditor = find.Auditor(kube, loaded, services, only=only)
            results = await auditor.results()
            if owner:
                names = [r.plugin for r in results if owner in {stray.owner for stray in r.strays}]
                remove.able(loaded, services, names)
            return results, services.management_id

    return management.run(kubeconfig, look, seconds=None, seam=seam)


def _take_away(
    loaded: operating.OperatorParts,
    kubeconfig: pathlib.Path | None,
    plugin: str,
    owner: str,
    within: datetime.timedelta,
    tenants: tuple[str, ...],
    *,
    login: bool,
) -> None:
    seam = loaded.seam(external.AlwaysLeader())

    async def take_away(kube: client.KubeClient) -> None:
        remembered = operating.logins(loaded, kube, login=login)
        async with operating.services(kube, loaded, seam, remembered) as services:
            auditor = find.Auditor(kube, loaded, services, only=plugin, tenants=tenants)
            await remove.remove(auditor, kube, services, owner, click.echo, within=within)

    management.run(kubeconfig, take_away, seconds=None, seam=seam)


def _show(results: tuple[find.Result, ...], output: str) -> None:
    if output == "json":
        click.echo(structs.encode_json(find.plain(results)))
        return
    for line in find.lines(results, fleet.now()):
        click.echo(line)
