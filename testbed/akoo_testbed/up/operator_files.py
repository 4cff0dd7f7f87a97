"""The operator's side of `up`: its definitions and namespace, its settings, and its command.

The bed knows akoo-core as a program that may be installed beside it, and asks that program for its
manifests. Without it, `up` brings up the clusters only.
"""

import json
import pathlib
import subprocess
import sys
import typing
from collections.abc import Sequence

from akoo_testbed import errors

DEFAULT_PLUGINS: typing.Final = ("ako", "avi")
"""The plugins of `akoo-core manifests` and of the chart."""
PARTS: typing.Final = ("crds", "namespace")
MANIFESTS: typing.Final = "operator-manifests.yaml"
SETTINGS: typing.Final = "operator-settings.yaml"
PROGRAM_SECONDS: typing.Final = 60.0


def program() -> pathlib.Path | None:
    """The program akoo-core beside this Python; None where it is not installed."""
    beside = pathlib.Path(sys.executable).with_name("akoo-core")
    return beside if beside.exists() else None


def write_manifests(folder: pathlib.Path, plugins: Sequence[str]) -> pathlib.Path | None:
    """Write what the operator with these plugins needs before it starts; the file.

    None without the program. Raises TestbedError with the program's message.
    """
    beside = program()
    if beside is None:
        return None
    names = ",".join(plugins or DEFAULT_PLUGINS)
    texts = [_ask(beside, "manifests", part, "--plugins", names) for part in PARTS]
    file = folder / MANIFESTS
    file.write_text("".join(texts))
    return file


def write_settings(folder: pathlib.Path, plugins: Sequence[str], *, otlp_url: str) -> str:
    """Write settings for an operator on this machine, as JSON, which is YAML; the command that
    starts it with them. "" without the program."""
    beside = program()
    if beside is None:
        return ""
    settings = {
        "enabledPlugins": list(plugins or DEFAULT_PLUGINS),
        "health": {"bindAddress": "127.0.0.1"},
        "telemetry": {"endpoint": otlp_url},
        # The workload clusters of the bed are on this machine's loopback.
        "workloadClusters": {"allowLocalAddresses": True},
    }
    file = folder / SETTINGS
    file.write_text(json.dumps(settings, indent=2) + "\n")
    kubeconfig = folder / "management.kubeconfig"
    return f"{beside} --kubeconfig {kubeconfig} --config {file}"


def _ask(beside: pathlib.Path, *arguments: str) -> str:
    done = subprocess.run(
        [beside, *arguments], capture_output=True, text=True, check=False, timeout=PROGRAM_SECONDS
    )
    if done.returncode != 0:
        raise errors.TestbedError(done.stderr.strip() or f"{beside} {' '.join(arguments)} failed")
    return done.stdout
