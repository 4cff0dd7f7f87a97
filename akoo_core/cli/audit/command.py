"""`akoo-core audit [PLUGIN]`: what is left outside without a living owner; takes it away."""

from __future__ import annotations

import datetime
import pathlib

import click

from akoo_core import errors, external, structs
from akoo_core.cli import fleet, management, operating, options
from akoo_core.cli.audit import find, remove
from akoo_core.kube import client
from akoo_core.objects import config as config_
from akoo_core.reconcile.decide import user_annotations

FOUND = 1


@click.command()
@click.argument("plugin", metavar="[PLUGIN]", required=False)
@options.output
@click.option("--sweep", metavar="NAME", help="Take away what carries the name of that owner.")
@click.option(
    "--tenants",
    default="",
    metavar="NAMES",
    help="Take away only what is in these tenants; names or UUIDs, with commas between.",
)
@click.option("--claimed-elsewhere", is_flag=True, help="Even what another one's claim names.")
@click.option("--timeout", default="10m", show_default=True, help="How long --sweep waits.")
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
    """List what is left outside without a living owner, or take it away (--sweep)."""
    loaded = operating.load(plugins, config)
    only = plugin or ""
    if sweep is None:
        if tenants:
            raise errors.InputError("--tenants goes with --sweep")
        found = _look(loaded, kubeconfig, only, "", login=login)[0]
        _show(found, output)
        return 0 if find.clean(found) else FOUND
    if output == "json":
        raise errors.InputError("--output json does not go with --sweep")
    within = config_.parse_duration(timeout)
    found, management_id = _look(loaded, kubeconfig, only, sweep, login=login)
    mine = remove.chosen(found, sweep, management_id, claimed_elsewhere=claimed_elsewhere)
    named = user_annotations.listed(tenants)
    for line in remove.effects(mine, sweep, fleet.now(), tenants=named):
        click.echo(line)
    remove.confirm(sweep, yes=yes)
    # Made anew: those that looked have closed, and could not write.
    for one in mine:
        again = operating.load(plugins, config)
        _take_away(again, kubeconfig, one.plugin, sweep, within, named, login=login)
    return 0


def _look(
    loaded: operating.Loaded,
    kubeconfig: pathlib.Path | None,
    only: str,
    owner: str,
    *,
    login: bool,
) -> tuple[tuple[find.Found, ...], str]:
    """What is there, and our management id; ``owner`` is whose will be taken away, if any's."""
    seam = loaded.seam(external.ReadOnly())

    async def look(kube: client.KubeClient) -> tuple[tuple[find.Found, ...], str]:
        if owner and (why := remove.refusal(await find.living(kube), owner)):
            raise errors.InputError(why)
        async with (
            management.beside(kubeconfig) as writing,
            operating.services(
                kube, loaded, seam, operating.logins(loaded, writing, login=login)
            ) as services,
        ):
            auditor = find.Auditor(kube, loaded, services, only=only)
            found = await auditor.found()
            if owner:
                names = [one.plugin for one in found if owner in {s.owner for s in one.strays}]
                remove.able(loaded, services, names)
            return found, services.management_id

    return management.run(kubeconfig, look, seconds=None, seam=seam)


def _take_away(
    loaded: operating.Loaded,
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


def _show(found: tuple[find.Found, ...], output: str) -> None:
    if output == "json":
        click.echo(structs.encode_json(find.plain(found)))
        return
    for line in find.lines(found, fleet.now()):
        click.echo(line)
