"""The choice of the program that runs in a Pod."""

import pytest
from akoo_testbed.kubeapi import Object
from akoo_testbed.kubelet.kubelet import PROGRAMS
from akoo_testbed.kubelet.program import program_for


def pod(label: str, *owners: tuple[str, str]) -> Object:
    references = [{"kind": kind, "name": name} for kind, name in owners]
    labels = {"app.kubernetes.io/name": label}
    return {"metadata": {"labels": labels, "ownerReferences": references}}


@pytest.mark.parametrize(
    ("label", "owners", "runs"),
    [
        ("ako", [("StatefulSet", "balancer")], True),
        ("ako", [("ReplicaSet", "balancer-5d4")], True),
        ("ako-team-a-shop", [("StatefulSet", "ako")], True),
        ("", [("StatefulSet", "ako")], True),
        ("ako-team-a-shop", [("ReplicaSet", "ako")], False),
        ("web", [("StatefulSet", "web")], False),
        ("ako", [("Job", "ako")], False),
        ("ako", [], False),
    ],
)
def test_a_workload_runs_a_program_by_its_label_or_its_name(
    label: str, owners: list[tuple[str, str]], runs: bool
) -> None:
    assert (program_for(pod(label, *owners), PROGRAMS) is not None) == runs
