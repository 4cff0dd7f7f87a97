"""The metrics of port groups follow their conditions."""

from __future__ import annotations

from akoo_vsphere.controllers import gauges

from akoo_core.plugin import metrics
from akoo_core.plugin.conditions import Condition


def _true(kind: str) -> float:
    name = "akoo_vsphere_port_groups"
    return metrics.REGISTRY.get_sample_value(name, {"condition": kind}) or 0.0


def _not_ready(reason: str) -> float:
    name = "akoo_vsphere_not_ready"
    return metrics.REGISTRY.get_sample_value(name, {"reason": reason}) or 0.0


def _ready(status: str, reason: str) -> tuple[Condition, ...]:
    provisioned = Condition(type="Provisioned", status="True", reason="Provisioned")
    if status == "True":
        return Condition(type="Ready", status="True", reason=reason), provisioned
    wrong = Condition(
        type="Ready", status="False" if status == "False" else "Unknown", reason=reason
    )
    return wrong, provisioned


def test_a_port_group_counts_by_its_conditions_and_by_the_reason_of_ready() -> None:
    ready, provisioned = _true("Ready"), _true("Provisioned")
    drifted, asked = _not_ready("Drifted"), _not_ready("NotVisible")
    gauges.note("gauge-a", _ready("False", "Drifted"))
    gauges.note("gauge-b", _ready("Unknown", "NotVisible"))
    assert (_true("Ready"), _true("Provisioned")) == (ready, provisioned + 2)
    assert (_not_ready("Drifted"), _not_ready("NotVisible")) == (drifted + 1, asked + 1)
    gauges.note("gauge-a", _ready("True", "InForce"))
    assert (_true("Ready"), _not_ready("Drifted")) == (ready + 1, drifted)
    assert _not_ready("InForce") == 0, "a reason of one that is ready"
    gauges.forget("gauge-a")
    gauges.forget("gauge-b")
    assert (_true("Ready"), _true("Provisioned")) == (ready, provisioned)
    assert _not_ready("NotVisible") == asked
