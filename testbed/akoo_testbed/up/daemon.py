"""The background process of `akoo-testbed up`: a bed with one workload Cluster, until SIGTERM.

Tells its parent on stdout, a JSON object a line, how it gets on, and at the end `{"ready": true}`
or `{"error": "..."}`; after that it says nothing more.
"""

import argparse
import asyncio
import base64
import collections.abc
import contextlib
import json
import os
import pathlib
import secrets
import signal
import sys
import time
import typing

from akoo_testbed import bed as beds
from akoo_testbed import errors, kubeapi, parts
from akoo_testbed.building import build, cache, progress
from akoo_testbed.openbao import OpenBaoOptions
from akoo_testbed.trust import certificates
from akoo_testbed.up import operator_files, upstate
from akoo_testbed.vcsim import VcsimOptions


def main() -> int:
    """Run until SIGTERM; 1 if the bed did not start."""
    parser = argparse.ArgumentParser(prog="akoo_testbed.up.daemon", description=__doc__)
    parser.add_argument("--cluster", default="default/workload-1", help="namespace/name")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--crds", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--plugins", default="", help="of the operator, comma separated")
    parser.add_argument("--vcsim", action="store_true")
    parser.add_argument("--openbao", action="store_true")
    arguments = parser.parse_args()
    state = upstate.StateFolder(cache.state_folder())
    try:
        with state.hold():
            state.clear()
            vcenter = VcsimOptions(password=_new_password()) if arguments.vcsim else None
            operator = operator_files.write_manifests(state.path, _plugins(arguments))
            options = beds.BedOptions(
                crds=(*arguments.crds, *([operator] if operator else [])),
                jaeger=True,
                vcsim=vcenter,
                openbao=OpenBaoOptions() if arguments.openbao else None,
            )
            built = build.for_up(progress.Silent(), vcsim=vcenter is not None)
            asyncio.run(_until_asked_to_end(_up(state, options, built, arguments)))
            state.clear()
    except (errors.TestbedError, kubeapi.ApiError, OSError) as error:
        _tell(error="; ".join([str(error), *getattr(error, "__notes__", [])]))
        return 1
    return 0


async def _until_asked_to_end(
    work: collections.abc.Coroutine[typing.Any, typing.Any, None],
) -> None:
    """Cancel the work at SIGTERM or SIGINT; what it raises of its own is raised."""
    task = asyncio.create_task(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _up(
    state: upstate.StateFolder,
    options: beds.BedOptions,
    built: build.Built,
    arguments: argparse.Namespace,
) -> None:
    namespace, _, name = arguments.cluster.partition("/")
    async with beds.Bed(options, report=_tell_part, built=built) as bed:
        started = time.monotonic()
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        await bed.api.apply(space)
        await bed.new_cluster(namespace, name, workers=arguments.workers)
        await bed.available(namespace, name)
        _tell_part(f"cluster {arguments.cluster}", time.monotonic() - started)
        state.write(await _describe(state, bed, arguments))
        _tell(ready=True)
        _fall_silent()
        await asyncio.Event().wait()


def _plugins(arguments: argparse.Namespace) -> list[str]:
    return [name for name in arguments.plugins.split(",") if name]


async def _describe(
    state: upstate.StateFolder, bed: beds.Bed, arguments: argparse.Namespace
) -> upstate.UpState:
    """Write the kubeconfigs and the operator's settings; where everything is."""
    namespace, _, name = arguments.cluster.partition("/")
    secret = await bed.api.get("v1/Secret", namespace, f"{name}-kubeconfig")
    workload = base64.b64decode(secret["data"]["value"]).decode()
    files = {"management": bed.management.kubeconfig, name: workload}
    paths = {
        stem: certificates.write_private(state.path / f"{stem}.kubeconfig", text)
        for stem, text in files.items()
    }
    assert bed.jaeger is not None  # noqa: S101 - asked for above
    return upstate.UpState(
        pid=os.getpid(),
        management_kubeconfig=str(paths["management"]),
        management_url=bed.management.url,
        workload=f"{namespace}/{name}",
        workload_kubeconfig=str(paths[name]),
        jaeger_url=bed.jaeger.query_url,
        jaeger_note=bed.jaeger.note,
        otlp_url=bed.jaeger.otlp_url,
        kubectl=str(bed.base.built.binary("kubectl")),
        logs=str(bed.base.logs),
        operator_command=operator_files.write_settings(
            state.path, _plugins(arguments), otlp_url=bed.jaeger.otlp_url
        ),
        **_describe_vcenter(state, bed),
        **_describe_openbao(state, bed),
    )


def _describe_vcenter(state: upstate.StateFolder, bed: beds.Bed) -> dict[str, str]:
    """Write password and CA of the vCenter; where it is."""
    if bed.vcsim is None:
        return {}
    password = certificates.write_private(
        state.path / "vcenter.password", bed.vcsim.options.password
    )
    ca = certificates.write_private(state.path / "vcenter-ca.pem", bed.base.authority.pem)
    return {
        "vcenter_url": bed.vcsim.url,
        "vcenter_control_url": bed.vcsim.control.url,
        "vcenter_user": bed.vcsim.options.username,
        "vcenter_password_file": str(password),
        "vcenter_ca_file": str(ca),
    }


def _describe_openbao(state: upstate.StateFolder, bed: beds.Bed) -> dict[str, str]:
    """Write root token and CA of OpenBao; where it is."""
    if bed.openbao is None:
        return {}
    token = certificates.write_private(state.path / "openbao.token", bed.openbao.admin.token)
    ca = certificates.write_private(state.path / "openbao-ca.pem", bed.base.authority.pem)
    return {
        "openbao_url": bed.openbao.url,
        "openbao_token_file": str(token),
        "openbao_ca_file": str(ca),
        "openbao_program": parts.openbao.binary(),
    }


def _new_password() -> str:
    return f"Of-{secrets.token_urlsafe(12)}-1"


def _tell_part(part: str, seconds: float) -> None:
    _tell(part=part, seconds=seconds)


def _tell(**message: object) -> None:
    """Nobody may be listening any more: that is no reason to end."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def _fall_silent() -> None:
    """Let go of the parent's pipe, so that it sees the end of it."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
