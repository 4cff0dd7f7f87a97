"""The definitions of AKO's kinds: every default, required field, type and bound of AKO's own."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import Any

import pytest
from akoo_ako.releases import loading
from akoo_ako.rendering import crds

from akoo_core.plugin import structs
from akoo_core.reconcile.deploy import schemas
from tests.ako import ako_rules


def definitions(release: str) -> tuple[structs.JSON, ...]:
    return crds.render(loading.table().release(release, "test"))


def schema_of(release: str, definition: str, version: str) -> dict[str, Any]:
    (crd,) = (
        rendered for rendered in definitions(release) if rendered["metadata"]["name"] == definition
    )
    (chosen,) = (served for served in crd["spec"]["versions"] if served["name"] == version)
    schema: dict[str, Any] = chosen["schema"]["openAPIV3Schema"]
    return schema


@pytest.mark.parametrize("rule", ako_rules.RULES, ids=lambda rule: rule.title)
def test_what_users_write_is_completed_or_refused(rule: ako_rules.Rule) -> None:
    schema = schema_of("2.1.1", rule.definition, rule.version)
    stored, pruned, refused = schemas.admit(schema, rule.manifest())
    assert bool(refused) == bool(rule.refused), refused
    assert not rule.refused or any(rule.refused in message for message in refused), refused
    for path, value in rule.stored.items():
        assert ako_rules.at(stored["spec"], path) == value, path
    assert pruned == ([f"spec.{rule.pruned}"] if rule.pruned else [])


@pytest.mark.parametrize("title", ["a listener without enableSsl", "aliases without fqdnType"])
def test_so_with_the_older_release(title: str) -> None:
    (rule,) = (candidate for candidate in ako_rules.RULES if candidate.title == title)
    schema = schema_of("1.13.4", rule.definition, rule.version)
    stored, _, refused = schemas.admit(schema, rule.manifest())
    assert not refused
    expected = {path: value for path, value in rule.stored.items() if path != "revokeVipRoute"}
    for path, value in expected.items():
        assert ako_rules.at(stored["spec"], path) == value, path
    assert "revokeVipRoute" not in stored["spec"]


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema within a schema."""
    yield schema
    for inner in (schema.get("properties") or {}).values():
        yield from nodes(inner)
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield from nodes(schema[keyword])


def tally(release: str, group: str) -> dict[str, int]:
    """Count each keyword in the definitions of a group."""
    counts: collections.Counter[str] = collections.Counter()
    for crd in definitions(release):
        if crd["spec"]["group"] == group:
            for version in crd["spec"]["versions"]:
                for node in nodes(version["schema"]["openAPIV3Schema"]):
                    counts.update(node.keys() - {"required"})
                    counts["required"] += len(node.get("required", ()))
    return dict(counts)


# Counted in the definitions of AKO's Helm chart on its branches release-1.13.4 and release-2.1.1.
COUNTED = {
    ("1.13.4", "ako.vmware.com"): {
        "default": 28,
        "enum": 24,
        "items": 37,
        "maximum": 21,
        "minimum": 21,
        "oneOf": 6,
        "pattern": 2,
        "properties": 99,
        "required": 50,
        "type": 356,
    },
    ("2.1.1", "ako.vmware.com"): {
        "default": 39,
        "enum": 30,
        "items": 39,
        "maximum": 21,
        "minimum": 21,
        "oneOf": 6,
        "pattern": 2,
        "properties": 107,
        "required": 60,
        "type": 385,
    },
    ("2.1.1", "networking.x-k8s.io"): {
        "additionalProperties": 3,
        "default": 11,
        "enum": 8,
        "format": 8,
        "items": 11,
        "maxItems": 7,
        "maxLength": 22,
        "maximum": 2,
        "minItems": 1,
        "minLength": 15,
        "minimum": 5,
        "pattern": 6,
        "properties": 23,
        "required": 38,
        "type": 93,
        "x-kubernetes-list-map-keys": 4,
        "x-kubernetes-list-type": 4,
    },
}


@pytest.mark.parametrize(("release", "group"), COUNTED)
def test_nothing_of_the_vendors_schemas_is_missing(release: str, group: str) -> None:
    counted = tally(release, group)
    assert counted == COUNTED[release, group]


@pytest.mark.parametrize("release", loading.table().versions)
def test_nothing_keeps_what_it_does_not_know(release: str) -> None:
    for crd in definitions(release):
        for version in crd["spec"]["versions"]:
            for node in nodes(version["schema"]["openAPIV3Schema"]):
                assert "x-kubernetes-preserve-unknown-fields" not in node
                assert "\0required" not in node


def test_releases_of_1_13_have_the_same_definitions() -> None:
    older = [definitions(f"1.13.{patch}") for patch in (1, 2, 3, 4)]
    assert all(release == older[0] for release in older)
    assert older[0] != definitions("2.1.1")
