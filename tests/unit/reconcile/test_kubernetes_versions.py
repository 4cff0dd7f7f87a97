"""The version in the answer of an API server, whatever it is that answers."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core.reconcile.read.kubernetes_versions import version_of


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ({"major": "1", "minor": "34", "gitVersion": "v1.34.2"}, "v1.34.2"),
        ({"major": "1", "minor": "34", "gitVersion": "v1.34.2+rke2r1"}, "v1.34.2+rke2r1"),
        ({"major": "1", "minor": "34+", "gitVersion": "v1.34.2-gke.1"}, "v1.34+"),
        ({"gitVersion": "v" + "9" * 100}, "v" + "9" * 63),
        ({"gitVersion": None}, ""),
        ({"gitVersion": 1.34}, "1.34"),
        ({}, ""),
        ([], ""),
        ("v1.34.2", ""),
        (None, ""),
    ],
)
def test_version_of_an_answer(answer: Any, version: str) -> None:
    assert version_of(answer) == version
