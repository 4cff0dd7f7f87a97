"""The command `akoo-testbed vcsim`."""

import asyncio
import pathlib
import signal

import click

from akoo_testbed import base, parts
from akoo_testbed.vcsim.options import VcsimOptions

_FILE = click.Path(dir_okay=False, path_type=pathlib.Path)
_EXISTING = click.Path(exists=True, dir_okay=False, path_type=pathlib.Path)
_DEFAULTS = VcsimOptions()


@click.command("vcsim")
@click.option("--username", default=_DEFAULTS.username, show_default=True)
@click.option("--password-file", type=_EXISTING, required=True, help="Of that user.")
@click.option("--ca-file", type=_FILE, required=True, help="Where to write the CA to trust.")
@click.option("--port", type=click.IntRange(1, 65535), help="Of 127.0.0.1. Default: a free one.")
@click.option(
    "--lenient", multiple=True, metavar="RULE", help="Switch a strict rule off; may be repeated."
)
def command(
    username: str,
    password_file: pathlib.Path,
    ca_file: pathlib.Path,
    port: int | None,
    lenient: tuple[str, ...],
) -> None:
    """Play a vCenter: SOAP over HTTPS, in memory, until SIGTERM or Ctrl-C.

    Prints its URL when it is ready, and then the URL of its control, which asks for no password.
    Builds the program if it is missing.
    """
    password = password_file.read_text().strip()
    if not password:
        raise click.UsageError(f"{password_file} is empty")
    options = VcsimOptions(username=username, password=password, lenient=lenient)
    asyncio.run(_serve(options, port, ca_file))


async def _serve(options: VcsimOptions, port: int | None, ca_file: pathlib.Path) -> None:
    """Until a signal comes. Raises BuildError or PartError."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    bed_base = base.BedBase(needs=("vcsim",))
    await bed_base.start()
    try:
        vcenter = parts.Vcsim(bed_base, options)
        vcenter.port = port or vcenter.port
        await asyncio.to_thread(ca_file.write_text, bed_base.authority.pem)
        await vcenter.start()
        await vcenter.ready()
        click.echo(vcenter.url)
        click.echo(vcenter.control.url)
        await ended.wait()
    finally:
        await bed_base.stop()
