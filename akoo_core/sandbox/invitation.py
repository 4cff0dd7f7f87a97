"""The last lines of the sandbox: commands to try, addresses to open, and how to log in to Avi."""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
import sys
from collections.abc import Mapping

from akoo_testbed.bed import Bed
from akoo_testbed.building import build

from akoo_core.sandbox import demo, install
from akoo_core.sandbox.avi import OPERATOR_USER

COLUMNS = 8
"""Columns of a label."""
KUBECONFIG, SETTINGS, PROGRAMS = "management.kubeconfig", "settings.yaml", "bin"
"""Two files and a folder in the folder of the bed."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The places that the invitation names."""

    folder: pathlib.Path
    """Of the bed."""
    jaeger: str
    jaeger_note: str
    """That it has no UI, and what to do; "" for a Jaeger that has."""
    metrics: str
    avi: str
    log: pathlib.Path
    """Of the operator."""
    links: Mapping[str, str]
    """Of chapters, by their labels."""


def commands(jaeger_url: str, *, living: bool) -> list[str]:
    """Commands that can be typed after the exports. Pure."""
    cluster = f"{demo.NAMESPACE}/{demo.LIVING}"
    about_the_living = [
        f"akoo-core explain {cluster:<12}  # also: plan, pause, leave",
        "akoo-core sandbox cluster NAME  # makes one more Cluster",
    ]
    return [
        "kubectl get akodeployments",
        *(about_the_living if living else ()),
        f"akoo-core trace {demo.NAMESPACE}/{demo.CLUSTER} --jaeger {jaeger_url}",
        f"akoo-core ui --jaeger {jaeger_url} --open",
    ]


def lines(where: Addresses, *, living: bool) -> list[str]:
    """The invitation. ``living``: the Cluster ``demo.LIVING`` exists. Pure."""
    exports = [
        f"export KUBECONFIG={where.folder / KUBECONFIG}",
        f"export AKOO_CONFIG={where.folder / SETTINGS}",
        f'export PATH="{where.folder / PROGRAMS}:$PATH"',
    ]
    password = [
        f"{where.avi}   user {OPERATOR_USER}; its password:",
        f"kubectl -n {install.NAMESPACE} get secret avi-controller-credentials \\",
        "  -o jsonpath='{.data.password}' | base64 -d",
    ]
    return [
        *_labelled("Try it", [*exports, *commands(where.jaeger, living=living)]),
        *_labelled("Jaeger", [line for line in (where.jaeger, where.jaeger_note) if line]),
        *_labelled("Metrics", [where.metrics]),
        *_labelled("Avi", password),
        *(line for label, address in where.links.items() for line in _labelled(label, [address])),
        *_labelled("Log", [str(where.log)]),
        "  Ctrl-C ends everything.",
    ]


def _labelled(label: str, texts: list[str]) -> list[str]:
    labels = [label, *[""] * (len(texts) - 1)]
    return [f"  {label:<{COLUMNS}} {text}" for label, text in zip(labels, texts, strict=True)]


def kubeconfig(bed: Bed) -> pathlib.Path:
    """The file of the management cluster's administrator."""
    return bed.base.folder / KUBECONFIG


def furnish(bed: Bed) -> None:
    """Write the kubeconfig of the invitation, and a folder with the programs that it names.

    Builds kubectl where this machine has none, which may take a minute. Raises BuildError.
    """
    install.write_private(kubeconfig(bed), bed.management.kubeconfig)
    programs = bed.base.folder / PROGRAMS
    programs.mkdir()
    if not (build.missing(("kubernetes",)) and shutil.which("kubectl")):
        built = build.ensure(("kubernetes",))
        (programs / "kubectl").symlink_to(built.binary("kubectl"))
    own = pathlib.Path(sys.executable).with_name("akoo-core")
    if own.exists():
        (programs / "akoo-core").symlink_to(own)
