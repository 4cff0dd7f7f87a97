"""Numbers in the prose are those of the code."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from akoo_core import external, settings
from akoo_core.kube import circuit
from akoo_core.kube.access import kubeconfig
from akoo_core.objects import config
from akoo_core.plugin_host import registry
from akoo_core.reconcile.act import services
from akoo_core.reconcile.decide import fences, leaving, removal_limit, situation
from akoo_core.reconcile.status import events

Page = Callable[[str], str]

POLICIES = config.Policies()
LEASE = settings.Settings().leader_election
NUMBERS = [
    (
        "how-to/remove-ako.md",
        f"max({removal_limit.LEAST}, {removal_limit.SHARE * 100:.0f} % of all records)",
    ),
    ("how-to/remove-ako.md", f"onUnmatch: {POLICIES.on_unmatch} "),
    ("how-to/remove-ako.md", f"onDeadline: {POLICIES.on_deadline} "),
    ("how-to/remove-ako.md", f"deadline: {POLICIES.deadline} "),
    ("how-to/remove-ako.md", f"drainTimeout: {POLICIES.drain_timeout} "),
    ("how-to/remove-ako.md", f"quietPeriod: {POLICIES.quiet_period} "),
    (
        "explanation/leaving.md",
        f"max({removal_limit.LEAST}, {removal_limit.SHARE * 100:.0f} % of all records)",
    ),
    ("explanation/leaving.md", f"`drainTimeout` ({POLICIES.drain_timeout})"),
    ("explanation/leaving.md", f"`quietPeriod` ({POLICIES.quiet_period})"),
    ("explanation/leaving.md", f"`deadline` ({POLICIES.deadline})"),
    ("explanation/leaving.md", f"or {fences.FENCE_SECONDS:g} s are over"),
    ("explanation/leaving.md", f"silent for {leaving.SILENT_SECONDS:g} seconds"),
    ("explanation/workload-access.md", f"after {leaving.SILENT_SECONDS:g} seconds nobody"),
    ("explanation/workload-access.md", f"up to {circuit.MAX_PAUSE_SECONDS:g} s"),
    ("explanation/workload-access.md", f"have {kubeconfig.SIZE_LIMIT // 1024} KiB"),
    ("explanation/architecture.md", f"at most {external.MAX_DEADLINE_SECONDS:g} seconds"),
    ("explanation/architecture.md", f"`renewDeadlineSeconds` ({LEASE.renew_deadline_seconds:g})"),
    ("explanation/architecture.md", f"`leaseSeconds` ({LEASE.lease_seconds:g})"),
    ("reference/hooks.md", f"until {fences.FENCE_SECONDS:g} s"),
    ("reference/hooks.md", f"process stops ({registry.CLOSE_SECONDS:g} s)"),
    ("reference/events.md", f"at most {events.QUEUE_LIMIT} wait"),
]


@pytest.mark.parametrize(("name", "text"), NUMBERS)
def test_numbers(page: Page, name: str, text: str) -> None:
    assert text in " ".join(page(name).split()) + " "


def test_some_are_written_out(page: Page) -> None:
    assert situation.FINISHED_KEPT.days == 7
    kept = settings.Settings().finished_retention_seconds
    assert situation.FINISHED_KEPT.total_seconds() == kept
    assert settings.Settings().resync_seconds == services.RESYNC_SECONDS
    assert "kept for seven days" in page("reference/record.md")
    assert leaving.UNFENCED_SECONDS == 300
    assert "at least five minutes" in page("explanation/leaving.md")
    assert circuit.THRESHOLD == 2
    assert "Two calls in a row" in page("explanation/workload-access.md")
