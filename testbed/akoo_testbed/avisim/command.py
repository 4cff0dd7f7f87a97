"""The command `akoo-testbed avisim`."""

import asyncio
import pathlib
import signal

import click

from akoo_testbed import errors
from akoo_testbed.avisim import (
    controller,
    faults,
    server,
    snapshots,
    switches,
    versions,
)
from akoo_testbed.trust import certificates

_FILE = click.Path(dir_okay=False, path_type=pathlib.Path)
_EXISTING = click.Path(exists=True, dir_okay=False, path_type=pathlib.Path)


def _list_switches(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(switches.describe())
        ctx.exit()


def _list_faults(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        for name, (status, _, text) in faults.ANSWERS.items():
            click.echo(f"{name:<18} {status}  {text}")
        ctx.exit()


@click.command("avisim")
@click.option(
    "--listen",
    default=f"{server.HOST}:0",
    show_default=True,
    help="ADDRESS:PORT, of this machine only unless you say otherwise; port 0 picks one.",
)
@click.option(
    "--profile",
    type=click.Choice(list(versions.PROFILES)),
    default=versions.DEFAULT_PROFILE,
    show_default=True,
    help="Release that is played.",
)
@click.option("--username", default="admin", show_default=True)
@click.option("--password-file", type=_EXISTING, required=True, help="Of the administrator.")
@click.option("--ca-file", type=_FILE, required=True, help="Where to write the CA to trust.")
@click.option("--state", "state_file", type=_FILE, help="Read at start, written at the end.")
@click.option("--strict", is_flag=True, help="Refuse unknown and ill-typed fields.")
@click.option(
    "--switch", "chosen", multiple=True, metavar="NAME=VALUE", help="See --list-switches."
)
@click.option(
    "--list-switches", is_flag=True, is_eager=True, expose_value=False, callback=_list_switches
)
@click.option(
    "--list-faults", is_flag=True, is_eager=True, expose_value=False, callback=_list_faults
)
def command(
    listen: str,
    profile: str,
    username: str,
    password_file: pathlib.Path,
    ca_file: pathlib.Path,
    state_file: pathlib.Path | None,
    strict: bool,
    chosen: tuple[str, ...],
) -> None:
    """Play an Avi Controller: HTTPS, in memory, until SIGTERM or Ctrl-C.

    Prints its URL when it is ready. Faults, journal and snapshots are at URL/avisim, with basic
    authentication.
    """
    host, port = _address(listen)
    password = password_file.read_text().strip()
    if not password:
        raise click.UsageError(f"{password_file} is empty")
    try:
        made = controller.Controller(
            username=username,
            password=password,
            profile=profile,
            strict=strict,
            chosen=dict(_pair(each) for each in chosen),
        )
        if state_file is not None and state_file.exists():
            made.restore(snapshots.load(state_file.read_text(), profile))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    avi = server.AviServer(made, host=host, port=port or None)
    ca_file.write_text(avi.ca_pem)
    asyncio.run(_serve(avi))
    if state_file is not None:
        certificates.write_private(state_file, snapshots.dump(made.snapshot(), profile))


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise click.UsageError(f'--listen "{text}" is not ADDRESS:PORT')
    return host.strip("[]"), int(port)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f'--switch "{text}" is not NAME=VALUE')
    return name, value


async def _serve(avi: server.AviServer) -> None:
    """Until a signal comes."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, ended.set)
    try:
        await avi.start()
    except OSError as error:
        raise errors.TestbedError(f"avisim cannot listen: {error.strerror}") from None
    try:
        click.echo(avi.url)
        await ended.wait()
    finally:
        await avi.stop()
