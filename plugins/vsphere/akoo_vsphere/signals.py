"""The metrics, alerts and the dashboard of this plugin (``Plugin.signals``)."""

from __future__ import annotations

from akoo_core.plugin.signals import Alert, Board, Metric, Panel, Query, Section, Signals

_UNREACHABLE = "NotAVCenter|SessionLimit|SessionLost|TLSNotTrusted|Unreachable|VCenterFailed"
_REFUSED = "LoginRejected|MissingPrivileges|PermissionDenied"
_CALM = (
    "AttemptsRunning|AviPlacementAwaited|ConnectionEdited|CreateUncertain|Deleting|"
    "DestroyAwaited|InProgress|NotAsked|NotChecked|OutcomeUnknown|PortGroupEdited|TaskRunning|"
    "WaitingUntilUnused"
)
"""Reasons that end by themselves, and those of deletions, which have an alert of their own."""
_CHECK = "akoo-core check vsphere                # address, login, privileges, port groups\n"
_OBJECTS = "kubectl get vsphereconnections,vsphereportgroups\n"

ALERTS = (
    Alert(
        name="AkooVCenterUnreachable",
        severity="critical",
        wait="10m",
        expr=f'max by (job, reason) (akoo_vsphere_not_ready{{reason=~"{_UNREACHABLE}"}}) > 0',
        summary="akoo-core cannot work with a vCenter: {{ $labels.reason }}.",
        means=(
            "The vCenter of some port groups does not answer, is not trusted, or fails. Port "
            "groups that exist carry traffic as before; none are made, repaired or removed."
        ),
        run=f"{_CHECK}{_OBJECTS}",
        harmless="vCenter is being upgraded.",
    ),
    Alert(
        name="AkooVCenterRefuses",
        severity="critical",
        wait="5m",
        expr=f'max by (job, reason) (akoo_vsphere_not_ready{{reason=~"{_REFUSED}"}}) > 0',
        summary="A vCenter refuses the account of akoo-core: {{ $labels.reason }}.",
        means=(
            "The login is refused, or the account lacks privileges that the condition names. The "
            "how-to on [permissions](../how-to/vsphere-permissions.md) has the whole role."
        ),
        run=f"{_CHECK}{_OBJECTS}",
        harmless="Never: what is refused is not done.",
    ),
    Alert(
        name="AkooPortGroupNotReady",
        severity="warning",
        wait="30m",
        expr=(
            "max by (job, reason) (\n"
            f'  akoo_vsphere_not_ready{{reason!~"{_UNREACHABLE}|{_REFUSED}|{_CALM}"}}\n'
            ") > 0"
        ),
        reasons=("PortGroupAwaited", "PortGroupMissing", "PortGroupUnreadable"),
        summary="Some VSpherePortGroups are not in force: {{ $labels.reason }}.",
        means=(
            "A port group is not as its object wants it, and clusters may wait for it. The reasons "
            "are in the README of [the plugin](../../plugins/vsphere/README.md#when-it-goes-wrong)."
        ),
        run=(
            f"{_OBJECTS}kubectl describe vsphereportgroup NAME\n"
            "akoo-core trace --kind VSpherePortGroup NAME\n"
        ),
        harmless="`driftPolicy` is Report, and the drift is wanted for now.",
    ),
    Alert(
        name="AkooPortGroupStays",
        severity="warning",
        wait="1h",
        expr='max by (job) (akoo_vsphere_port_groups{condition="Held"}) > 0',
        summary="VSpherePortGroups are being deleted and stay.",
        means=(
            "A deleted port group is not removed while something uses it, or while its marks do "
            "not say that it is ours. The condition `Held` names the cause."
        ),
        run=f"{_OBJECTS}kubectl describe vsphereportgroup NAME\n",
        harmless="Its clusters leave one after the other.",
    ),
)

SIGNALS = Signals(
    sections=(
        Section(
            title="Port groups",
            metrics=(
                Metric(
                    name="akoo_vsphere_port_groups",
                    means=(
                        "[VSpherePortGroups](../../plugins/vsphere/README.md) whose condition of "
                        "that type is True"
                    ),
                ),
                Metric(
                    name="akoo_vsphere_not_ready",
                    means=(
                        "VSpherePortGroups whose condition `Ready` is not True, by its "
                        "[reason](../../plugins/vsphere/README.md#when-it-goes-wrong)"
                    ),
                ),
            ),
        ),
    ),
    alerts=ALERTS,
    boards=(
        Board(
            name="vcenter",
            title="akoo-core: vCenter",
            panels=(
                Panel(
                    question="Does vCenter answer?",
                    queries=(
                        Query(
                            expr=(
                                "sum by (outcome) (rate(akoo_external_requests_total"
                                '{job=~"$job",system="vsphere"}[5m]))'
                            ),
                            legend="{{outcome}}",
                        ),
                    ),
                    unit="reqps",
                ),
                Panel(
                    question="What do we ask of it?",
                    queries=(
                        Query(
                            expr=(
                                "topk(10, sum by (operation) (rate(akoo_external_requests_total"
                                '{job=~"$job",system="vsphere"}[5m])))'
                            ),
                            legend="{{operation}}",
                        ),
                    ),
                    unit="reqps",
                ),
                Panel(
                    question="How many port groups are in force?",
                    queries=(
                        Query(
                            expr=('max by (condition) (akoo_vsphere_port_groups{job=~"$job"})'),
                            legend="{{condition}}",
                        ),
                    ),
                ),
                Panel(
                    question="Why are others not?",
                    queries=(
                        Query(
                            expr='max by (reason) (akoo_vsphere_not_ready{job=~"$job"}) > 0',
                            legend="{{reason}}",
                        ),
                    ),
                ),
                Panel(
                    question="Do the sources of news from vCenter end?",
                    queries=(
                        Query(
                            expr=(
                                "sum by (controller, reason) "
                                '(increase(akoo_source_restarts_total{job=~"$job"}[10m]))'
                            ),
                            legend="{{controller}} {{reason}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
