"""Rules of users that end AKO, or keep it from its start."""

import collections.abc
import typing

import pytest
from akoo_testbed import waiting
from akoo_testbed.akosim.ako_bed import AkoBed
from akoo_testbed.akosim.objects import rules
from akoo_testbed.kubeapi import KubeApi, Object

Spec = dict[str, typing.Any]


def rule(spec: Spec) -> Object:
    return {"kind": "L4Rule", "metadata": {"namespace": "a", "name": "web"}, "spec": spec}


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({"listenerProperties": [{"port": 80, "protocol": "TCP"}]}, "listenerProperties.enableSsl"),
        ({"listenerProperties": [{"port": 80, "enableSsl": False}]}, ""),
        ({"listenerProperties": [{"port": 443, "enableSsl": True}]}, "applicationProfileRef"),
        (
            {
                "listenerProperties": [{"port": 443, "enableSsl": True}],
                "applicationProfileRef": "System-L4-Application",
            },
            "",
        ),
        ({"backendProperties": [{"lbAlgorithm": "x"}]}, "backendProperties.port"),
        ({"backendProperties": [{"port": 80}]}, "backendProperties.protocol"),
        ({"backendProperties": [{"port": 80, "protocol": "TCP"}]}, ""),
        ({}, ""),
    ],
)
def test_what_ends_ako_when_a_service_uses_it(spec: Spec, pointer: str) -> None:
    assert rules.l4_panic(rule(spec)) == pointer


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({"wafPolicy": {"name": "w"}}, "wafPolicy.kind"),
        ({"wafPolicy": {"name": "w", "kind": "AviRef"}}, ""),
        ({"minPoolsUp": 1}, ""),
    ],
)
def test_what_ends_ako_as_soon_as_it_sees_it(spec: Spec, pointer: str) -> None:
    assert rules.l7_panic(rule(spec)) == pointer


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({"parameters": {"kind": "AviInfraSetting", "name": "gold"}}, "parameters.apiGroup"),
        ({"parameters": {"apiGroup": "ako.vmware.com", "kind": "AviInfraSetting"}}, ""),
        ({"controller": "ako.vmware.com/avi-lb"}, ""),
    ],
)
async def test_a_class_whose_parameters_have_no_group_ends_ako(spec: Spec, pointer: str) -> None:
    ingress_class = {"kind": "IngressClass", "metadata": {"name": "gold"}, "spec": spec}
    assert rules.class_panic(ingress_class) == pointer
    api = typing.cast("KubeApi", _NoRules())
    if pointer:
        with pytest.raises(rules.PanicError, match=pointer):
            await rules.check(api, [], [ingress_class])
    else:
        await rules.check(api, [], [ingress_class])


class _NoRules:
    async def list(self, kind: str) -> collections.abc.Sequence[Object]:
        return []


@pytest.mark.parametrize(
    ("spec", "number"),
    [
        ({"performanceLimits": {"maxThroughput": "100"}}, "performanceLimits.maxThroughput"),
        ({"performanceLimits": {"maxThroughput": 100}}, ""),
        ({"backendProperties": [{"port": "80"}]}, "backendProperties.port"),
        ({}, ""),
    ],
)
def test_what_keeps_ako_from_its_start(spec: Spec, number: str) -> None:
    assert rules.undecodable(rule(spec)) == number


async def test_a_start_that_hangs_answers_its_probe_and_says_no_more(ako_bed: AkoBed) -> None:
    await ako_bed.switch(ako_faults="hangs")
    await ako_bed.install()
    await ako_bed.pod(_ready)

    async def reasons_of_events() -> set[str]:
        events = await ako_bed.api.list("v1/Event", ako_bed.home)
        reasons = {str(event["reason"]) for event in events}
        return reasons if "ValidatedUserInput" in reasons else set()

    reasons = await waiting.until(reasons_of_events, title="AKO's first event", seconds=20)
    assert "AKOReady" not in reasons


def _ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
