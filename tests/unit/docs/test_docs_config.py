"""how-to/select-clusters.md shows a config as kubectl does, and its messages as they are."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import yaml

from akoo_core import clock
from akoo_core.reconcile.status import config_status

Blocks = Callable[[str, str], list[str]]

PAGE = "how-to/select-clusters.md"
CRD = pathlib.Path(__file__).parents[3] / "deploy/crds/akodeploymentconfigs.yaml"


def shown(blocks: Blocks, command: str) -> list[str]:
    """The output below a command on the page."""
    (block,) = [block for block in blocks(PAGE, "console") if block.startswith(f"$ {command}")]
    return block.splitlines()[1:]


def test_columns(blocks: Blocks) -> None:
    version = yaml.safe_load(CRD.read_text())["spec"]["versions"][0]
    columns = [
        column for column in version["additionalPrinterColumns"] if not column.get("priority")
    ]
    head = shown(blocks, "kubectl get adc\n")[0]
    assert head.split() == ["NAME", *(column["name"].upper() for column in columns)]


def test_the_message_of_a_config_that_cannot_be_used(blocks: Blocks) -> None:
    metadata = {"name": "edge", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"}
    obj = {"metadata": metadata, "spec": {"deadline": "soon"}}
    served = config_status.ServedCounts(0, 0)
    status = config_status.status_of(obj, served, now=clock.ManualClock().now())
    assert shown(blocks, "kubectl get adc edge") == [status.conditions[0].message]
