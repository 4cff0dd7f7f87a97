"""The plugin does what every plugin must, and what it promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest
from akoo_acme_dns import domains, zones
from akoo_acme_dns.plugin import AcmeDnsPlugin, ClusterDomain

from akoo_core import testing
from akoo_core.plugin import api
from akoo_core.testing import builders, conformance


def zone(name: str, domain: str, key: str = "") -> dict[str, Any]:
    ref = {"transferKey": {"namespace": "dns", "name": key}} if key else {}
    return {
        "apiVersion": "dns.acme.example/v1",
        "kind": "DNSZone",
        "metadata": {"name": name},
        "spec": {"domain": domain, **ref},
    }


def world(**fields: Any) -> testing.World:
    there = [
        zone("good", "clusters.example.com"),
        zone("bad", "clusters..example"),
        zone("keyed", "keyed.example.com", "transfer"),
    ]
    return testing.World(management=there, resources=[zones.DNS_ZONES], **fields)


def configured(domain: str) -> testing.World:
    return world(config=builders.config(plugins={"acme-dns": {"domain": domain}}))


class TestConformance(conformance.Suite):
    plugin = AcmeDnsPlugin
    name = "acme-dns"
    scenarios: ClassVar[Mapping[str, Callable[[], testing.World]]] = {
        "plain": world,
        "a domain that is none": lambda: configured("under_score"),
        "no answer": lambda: world(reachable=False),
    }


@pytest.fixture
def plugin() -> AcmeDnsPlugin:
    made = AcmeDnsPlugin()
    made.name = "acme-dns"
    return made


def test_the_cluster_is_named_below_the_domain_of_its_config(plugin: AcmeDnsPlugin) -> None:
    run = testing.run_verb(plugin, "prepare", configured("example.org"))
    assert run.facts == (ClusterDomain(domain="shop.team-a.example.org"),)
    (span,) = (span for span in run.spans if span.name == "acme-dns name cluster")
    assert span.attributes["acme.domain"] == "shop.team-a.example.org"
    assert span.parent == "prepare acme-dns"


def test_a_domain_that_is_none_blocks(plugin: AcmeDnsPlugin) -> None:
    result = testing.run_verb(plugin, "prepare", configured("under_score")).result
    assert isinstance(result, api.Blocked)
    assert result.reason == "DomainInvalid"
    assert "spec.plugins.acme-dns.domain of AKODeploymentConfig default" in result.message


def test_what_it_would_do(plugin: AcmeDnsPlugin) -> None:
    (action,) = testing.run_plan(plugin, "prepare", configured("example.org")).actions
    assert (action.action, action.name) == ("keep", "shop.team-a.example.org")
    assert testing.run_plan(plugin, "sweep", world()).actions == ()


@pytest.mark.parametrize(("name", "ready"), [("good", True), ("bad", False), ("keyed", False)])
def test_zones_are_judged(plugin: AcmeDnsPlugin, name: str, ready: bool) -> None:
    there = world()
    run = testing.run_reconcile(plugin, "zones", name, there)
    assert run.writes == (f"kubernetes patch dnszones/status {name}",)
    assert stored(there, name)["status"]["ready"] is ready


def test_a_zone_waits_for_its_transfer_key(plugin: AcmeDnsPlugin) -> None:
    there = world(secrets=[builders.secret("dns", "other", "key")])
    testing.run_reconcile(plugin, "zones", "keyed", there)
    assert status(there, "keyed") == (False, "Secret dns/transfer does not exist. Create it")
    there = world(secrets=[builders.secret("dns", "transfer", "key")])
    testing.run_reconcile(plugin, "zones", "keyed", there)
    assert status(there, "keyed") == (True, "can be used")


def test_a_change_of_its_secret_concerns_a_zone() -> None:
    assert zones.needed(zone("a", "a.example", "transfer")) == (("dns", "transfer"),)
    assert zones.needed(zone("a", "a.example")) == ()


def stored(there: testing.World, name: str) -> dict[str, Any]:
    """The zone as it is in the management cluster."""
    by_name = {obj["metadata"]["name"]: obj for obj in there.management.objects(zones.DNS_ZONES)}
    return by_name[name]


def status(there: testing.World, name: str) -> tuple[bool, str]:
    """Readiness of the zone, and the beginning of its message."""
    zone_status = stored(there, name)["status"]
    return zone_status["ready"], zone_status["message"].partition(" with key")[0]


def test_a_zone_that_is_gone_is_nothing_to_do(plugin: AcmeDnsPlugin) -> None:
    assert testing.run_reconcile(plugin, "zones", "gone", world()).result == api.Done()


def test_long_domains_are_none() -> None:
    assert "longer than 253" in domains.problem("a." * 127 + "com")
    assert domains.problem("a" * 64 + ".com")
