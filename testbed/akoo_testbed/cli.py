"""The command `akoo-testbed`: build | up | down | status | avisim | vcsim."""

import importlib
import json
import pathlib
import re
import subprocess
import sys
import typing

import click

from akoo_testbed import errors
from akoo_testbed.building import build, cache, progress, recipes
from akoo_testbed.up import plugin_parts, upstate

_CLUSTER = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_OUTPUT = click.option("--output", type=click.Choice(["text", "json"]), default="text")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Real components of Kubernetes and Cluster API on this machine, without containers."""


@cli.command("build")
@click.option(
    "--only",
    "names",
    multiple=True,
    type=click.Choice(list(recipes.RECIPES)),
    help="Build this one; may be given several times. Default: the parts of test beds.",
)
def build_command(names: tuple[str, ...]) -> None:
    """Build what is not in the cache yet and say where it is.

    Takes about 10 minutes once, on two cores, and says the time of each part before it builds it;
    without a terminal, it writes a line a minute. The cache is $AKOO_TESTBED_CACHE, else
    $XDG_CACHE_HOME/akoo-testbed, else ~/.cache/akoo-testbed.
    """
    built = build.ensure(names or recipes.DEFAULT, progress.Progress())
    for name, folder in built.folders.items():
        click.echo(f"{name:<12} {folder}")


@cli.command()
@click.option("--cluster", default="default/workload-1", show_default=True, help="NAMESPACE/NAME")
@click.option("--workers", type=click.IntRange(min=0), default=1, show_default=True)
@click.option(
    "--crds",
    type=click.Path(exists=True, path_type=pathlib.Path),
    multiple=True,
    help="File or folder of more CRDs for the management cluster.",
)
@click.option("--vcsim", is_flag=True, help="A vCenter beside the clusters.")
@click.option("--openbao", is_flag=True, help="An OpenBao beside the clusters.")
@click.option(
    "--plugins",
    metavar="NAMES",
    default="",
    help="Plugins of akoo-core: their definitions, and the parts that they need, as in its "
    "sandbox: vsphere,ako,avi.  [default: ako,avi]",
)
@_OUTPUT
def up(
    cluster: str,
    workers: int,
    crds: tuple[pathlib.Path, ...],
    vcsim: bool,
    openbao: bool,
    plugins: str,
    output: str,
) -> None:
    """Bring up a management and a workload cluster, in the background.

    With akoo-core installed, the management cluster has its definitions and its namespace, and the
    command that starts the operator is printed. Prints where the kubeconfigs are, too. Its state is
    in $AKOO_TESTBED_STATE, else `up` in the cache.
    """
    if not _CLUSTER.fullmatch(cluster):
        raise click.UsageError(f'--cluster "{cluster}" is not NAMESPACE/NAME')
    names = [name.strip() for name in plugins.split(",") if name.strip()]
    needed = plugin_parts.of(names)
    vcsim = vcsim or plugin_parts.VCSIM in needed
    openbao = openbao or plugin_parts.OPENBAO in needed
    state = upstate.StateFolder(cache.state_folder())
    if state.holder() is None:
        build.for_up(progress.Progress(), vcsim=vcsim)
        arguments = ["--cluster", cluster, "--workers", str(workers)]
        for path in crds:
            arguments += ["--crds", str(path.absolute())]
        arguments += ["--plugins", ",".join(names)] if names else []
        arguments += ["--vcsim"] if vcsim else []
        arguments += ["--openbao"] if openbao else []
        _start_daemon(state, arguments)
    elif (running := state.read()) is not None:
        missing = ["a vCenter"] if vcsim and not running.vcenter_url else []
        missing += ["an OpenBao"] if openbao and not running.openbao_url else []
        if missing:
            without = " and ".join(missing)
            raise errors.TestbedError(f"the test bed is up without {without}: run `down` first")
    _show(state, output)


@cli.command()
def down() -> None:
    """Take down what `up` brought up. Fine if nothing is up."""
    state = upstate.StateFolder(cache.state_folder())
    click.echo("test bed is down" if state.take_down() else "no test bed was up")


@cli.command()
@_OUTPUT
def status(output: str) -> None:
    """Show what is up; exit code 1 if nothing is."""
    _show(upstate.StateFolder(cache.state_folder()), output)


@cli.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def avisim(arguments: tuple[str, ...]) -> None:
    """Play an Avi Controller; see `akoo-testbed avisim --help`."""
    # Loaded when asked for: its HTTP server costs the other commands 0.3 s.
    module = importlib.import_module("akoo_testbed.avisim.command")
    module.command.main(list(arguments), prog_name="akoo-testbed avisim", standalone_mode=False)


@cli.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def vcsim(arguments: tuple[str, ...]) -> None:
    """Play a vCenter; see `akoo-testbed vcsim --help`."""
    module = importlib.import_module("akoo_testbed.vcsim.command")
    module.command.main(list(arguments), prog_name="akoo-testbed vcsim", standalone_mode=False)


def _start_daemon(state: upstate.StateFolder, arguments: list[str]) -> None:
    """Start the background process and follow it until it is ready or has failed."""
    state.path.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [sys.executable, "-m", "akoo_testbed.up.daemon", *arguments]
    with (
        state.log.open("w") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        ) as daemon,
    ):
        assert daemon.stdout is not None  # noqa: S101 - for the type checker
        try:
            ready = _follow(daemon.stdout)
        except BaseException:
            daemon.terminate()
            raise
        if not ready:
            raise errors.TestbedError(f"the test bed did not start, see {state.log}")
        daemon.returncode = 0  # it lives on, and is not ours to wait for


def _follow(lines: typing.Iterable[str]) -> bool:
    """Show progress; whether it ended with "ready"."""
    report = progress.Progress()
    for line in lines:
        message = json.loads(line)
        if "error" in message:
            raise errors.TestbedError(message["error"])
        if "ready" in message:
            return True
        report.note(message["part"], f"{message['seconds']:.1f} s")
    return False


def _show(folder: upstate.StateFolder, output: str) -> None:
    state = folder.read()
    if state is None:
        starting = folder.holder() is not None
        raise errors.TestbedError("the test bed is starting" if starting else "no test bed is up")
    if output == "json":
        click.echo(state.as_json(), nl=False)
        return
    rows = [
        ("management", state.management_url, state.management_kubeconfig),
        (state.workload, "", state.workload_kubeconfig),
        ("Jaeger", state.jaeger_url, state.jaeger_note),
        ("", f"{state.otlp_url}/v1/traces", "for spans"),
        ("logs", "", state.logs),
    ]
    if state.vcenter_url:
        account = f"user {state.vcenter_user}  password in {state.vcenter_password_file}"
        rows += [
            ("vCenter", state.vcenter_url, f"{account}  CA in {state.vcenter_ca_file}"),
            ("vCenter's control", state.vcenter_control_url, ""),
        ]
    if state.openbao_url:
        secrets = f"root token in {state.openbao_token_file}  CA in {state.openbao_ca_file}"
        rows.append(("OpenBao", state.openbao_url, f"{secrets}  {state.openbao_program}"))
    for name, url, rest in rows:
        click.echo("  ".join(part for part in (f"{name:<20}", url, rest) if part))
    click.echo(f"\nexport KUBECONFIG={state.management_kubeconfig}")
    click.echo(f"{state.kubectl} get clusters,machines -A")
    if state.operator_command:
        click.echo(f"\nThe operator, here:  {state.operator_command}")


def main() -> None:
    """Entry point; errors are one line and exit code 1, wrong usage 2, Ctrl-C 130."""
    try:
        code = cli.main(prog_name="akoo-testbed", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except errors.TestbedError as error:
        click.echo(f"akoo-testbed: {error}", err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
