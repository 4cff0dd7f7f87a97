"""Parts of AKO's Pod that an API server would refuse are refused before anything is written."""

from __future__ import annotations

import decimal
from typing import Any

import pytest
from akoo_ako import options
from akoo_ako.refusals import pod, refusal

from akoo_core.settings import strict

ZEROS = "sha256:" + "0" * 64


def problems(**section: Any) -> list[str]:
    read = strict.decode(section, options.Options, path="spec.plugins.ako")
    return [str(problem) for problem in pod.problems(read)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("350m", "0.35"),
        ("1.5Gi", "1610612736"),
        ("1k", "1000"),
        ("2E", "2e18"),
        ("1e3", "1000"),
        (".5", "0.5"),
        (2, "2"),
        (0.5, "0.5"),
    ],
)
def test_a_quantity_is_read(text: object, number: str) -> None:
    assert pod.quantity(text) == decimal.Decimal(number)


@pytest.mark.parametrize("text", ["", "1K", "-1", "1 Gi", "lots", "1Gi\n", True, None, [], "1e999"])
def test_no_quantity(text: object) -> None:
    assert pod.quantity(text) is None


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"resources": {"limit": {}}}, "resources.limit: is neither limits nor requests."),
        ({"resources": {"limits": "1"}}, "resources.limits: is no object such as"),
        ({"resources": {"limits": {"disk": 1}}}, "resources.limits: 'disk' is no resource such as"),
        ({"resources": {"limits": {"cpu": "lots"}}}, "resources.limits.cpu: 'lots' is no quantity"),
        (
            {"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1001m"}}},
            "resources.requests.cpu: is more than its limit.",
        ),
        ({"resources": {"limits": {"cpu": "\u0663"}}}, "limits.cpu: '\u0663' is no quantity"),
        ({"resources": {"limits": {"a.b/c": "1m"}}}, "limits.a.b/c: is no whole number up to"),
        ({"resources": {"limits": {"a.b/c": "1Ei"}}}, "limits.a.b/c: is no whole number up to"),
        ({"resources": {"requests": {"a.b/c": 1}}}, "requests.a.b/c: differs from its limit."),
        ({"resources": {"limits": {"requests.b/c": 1}}}, "'requests.b/c' is no resource such as"),
        ({"resources": {"limits": {"a..b/c": 1}}}, "limits: 'a..b/c' is no resource such as"),
        ({"resources": {"limits": {"cpu": 1, "hugepages-2Mi": "3Mi"}}}, "is no multiple of the"),
        ({"resources": {"limits": {"cpu": 1, "hugepages-2Mi": "1e99"}}}, "is no whole number up"),
        ({"resources": {"limits": {"cpu": 1, "hugepages-2m": 1}}}, "'hugepages-2m' is no resource"),
        ({"resources": {"limits": {"hugepages-2Mi": "2Mi"}}}, "resources: has huge pages, which"),
        ({"nodeSelector": {"a..b/c": "d"}}, "nodeSelector: 'a..b/c' is no key of a label."),
        ({"nodeSelector": {"a" * 254 + "/c": "d"}}, "is no key of a label."),
        (
            {"tolerations": [{"key": "a", "effect": "NoExecute", "tolerationSeconds": 2**63}]},
            "tolerations[0]: has tolerationSeconds that do not fit into 64 bits.",
        ),
        ({"nodeSelector": {"a b": "c"}}, "nodeSelector: 'a b' is no key of a label."),
        ({"nodeSelector": {"a": "-b"}}, "nodeSelector: '-b' is no value of the label a."),
        ({"tolerations": [{"keys": "a"}]}, "tolerations[0]: has 'keys', which is none of effect,"),
        ({"tolerations": [{"value": 1}]}, "tolerations[0]: has a value that is no text."),
        ({"tolerations": [{}]}, "tolerations[0]: has no key. Name one, or set operator: Exists."),
        ({"tolerations": [{"key": "a b"}]}, "tolerations[0]: has the key 'a b', which is no key"),
        ({"tolerations": [{"key": "a", "operator": "In"}]}, "has an operator that is neither"),
        ({"tolerations": [{"key": "a", "effect": "No"}]}, "has an effect that is none of NoSch"),
        ({"tolerations": [{"operator": "Exists", "value": "a"}]}, "which operator Exists does not"),
        ({"tolerations": [{"key": "a", "value": "b c"}]}, "has the value 'b c', which is no value"),
        ({"tolerations": [{"key": "a", "tolerationSeconds": 1}]}, "only effect NoExecute takes."),
        ({"tolerations": [{"key": "a", "tolerationSeconds": "1"}]}, "that are no whole number."),
        ({"image": {"repository": "a b"}}, "image.repository: 'a b' is no image without a tag."),
        ({"image": {"repository": "https://a/b"}}, "image.repository: 'https://a/b' is no image"),
        ({"gatewayImage": {"tag": "a b"}}, "gatewayImage.tag: 'a b' is no tag such as 2.1.1."),
        ({"image": {"digest": "md5:0"}}, "image.digest: 'md5:0' is no digest such as sha256"),
    ],
)
def test_a_part_that_a_server_would_refuse(section: dict[str, Any], problem: str) -> None:
    (message,) = problems(**section)
    assert message.startswith("spec.plugins.ako.")
    assert problem in message


@pytest.mark.parametrize(
    "section",
    [
        {},
        {"resources": {"limits": {"cpu": 1, "memory": "1Gi"}, "requests": {"cpu": "1000m"}}},
        {"resources": {"limits": {"example.com/gpu": 1}, "requests": None}},
        {"resources": {"limits": {"cpu": 1, "hugepages-2Mi": "4Mi", "hugepages-1Gi": 0}}},
        {"resources": {"limits": {"a.b/c": 2}, "requests": {"a.b/c": "2000m"}}},
        {"resources": {"requests": {"kubernetes.io/x": "1m"}}},
        {"nodeSelector": {"node-role.kubernetes.io/infra": ""}},
        {"tolerations": [{"operator": "Exists"}, {"key": "a", "value": "b", "effect": None}]},
        {"tolerations": [{"key": "a", "effect": "NoExecute", "tolerationSeconds": 0}]},
        {"image": {"repository": "a.example:5000/b/ako", "tag": "2.1.1_a-b", "digest": ZEROS}},
    ],
)
def test_what_a_server_takes_is_taken(section: dict[str, Any]) -> None:
    assert problems(**section) == []


def test_it_is_a_refusal_of_the_config(build: Any) -> None:
    chosen = options.Options(resources={"limits": {"cpu": "lots"}})
    with pytest.raises(refusal.Refusal, match=r"resources\.limits\.cpu") as caught:
        build.desired(None, chosen)
    assert caught.value.reason == "ConfigInvalid"
