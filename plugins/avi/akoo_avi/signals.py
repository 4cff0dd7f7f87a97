"""The metrics, alerts and the dashboard of this plugin (``Plugin.signals``)."""

from __future__ import annotations

from akoo_core.plugin.signals import Alert, Board, Metric, Panel, Query, Section, Signals

_CHECK = "akoo-core check avi                    # address, login, rights, names in configs\n"
_EXPLAIN = "akoo-core explain NAMESPACE/NAME       # the cause, and what to do\n"
_FREE = 'max by (job, pool) (akoo_pool_addresses{state="free"})'
_TOTAL = 'max by (job, pool) (akoo_pool_addresses{state="total"})'

ALERTS = (
    Alert(
        name="AkooAviUnreachable",
        severity="critical",
        wait="10m",
        reasons=(
            "ControllerBusy",
            "ControllerFailed",
            "ControllerNotReady",
            "ControllerUnreachable",
            "ControllerUpgrading",
            "NotAnAviController",
            "TlsNotTrusted",
        ),
        summary="akoo-core cannot work with an Avi Controller: {{ $labels.reason }}.",
        means=(
            "The Avi Controller of some clusters does not answer, is not trusted, or cannot serve "
            "requests. AKO in these clusters probably has the same problem. Clusters are not "
            "placed, and those that leave are not cleaned up."
        ),
        run=f"{_CHECK}{_EXPLAIN}",
        harmless="The controller is being upgraded.",
    ),
    Alert(
        name="AkooAviCredentialRefused",
        severity="critical",
        wait="2m",
        reasons=("CredentialRefused",),
        summary="An Avi Controller refuses the account of akoo-core.",
        means=(
            "User or password of the operator's account on the controller is wrong, or the account "
            "is locked. akoo-core tries it again rarely, so that it does not lock the account "
            "itself. AKO has an account of its own and goes on."
        ),
        run=f"{_CHECK}{_EXPLAIN}",
        harmless="Never: correct the Secret that the message names.",
    ),
    Alert(
        name="AkooAviRightsMissing",
        severity="warning",
        wait="15m",
        reasons=("NoSight", "PermissionMissing", "RequestRefused"),
        summary="The account of akoo-core may not do its work on Avi: {{ $labels.reason }}.",
        means=(
            "The role of the operator's account lacks a permission, which the message names. "
            "Without sight of all objects, a count of zero proves nothing, and deleted clusters "
            "wait. The how-to on [permissions](../how-to/avi-permissions.md) has the whole role."
        ),
        run=f"{_CHECK}{_EXPLAIN}",
        harmless="Never: what is missing is not done.",
    ),
    Alert(
        name="AkooOwnershipUnclear",
        severity="warning",
        wait="10m",
        reasons=(
            "ClaimDamaged",
            "ClaimLost",
            "ClaimedElsewhere",
            "ControllerChanged",
            "NameNotExclusive",
            "PlacementMissing",
        ),
        summary="akoo-core does not know whose objects these are: {{ $labels.reason }}.",
        means=(
            "The claim of a cluster on Avi is gone, damaged or somebody else's, or another "
            "controller answers at the address. Nothing is deleted until a person decides. See "
            "[identity](../explanation/identity.md)."
        ),
        run=f"{_EXPLAIN}akoo-core audit avi                    # objects and their owners\n",
        harmless="The cluster was moved a moment ago, and the move is not finished.",
    ),
    Alert(
        name="AkooForeignReference",
        severity="warning",
        wait="15m",
        reasons=("ForeignReference",),
        summary="An object of somebody else keeps objects of a deleted cluster on Avi.",
        means=(
            "The sweep cannot delete an object, because an object that is not ours refers to it. "
            "The Cluster waits, at most until the deadline of its config."
        ),
        run=_EXPLAIN,
        harmless="The owner of the other object is about to remove it.",
    ),
    Alert(
        name="AkooVirtualServicesDown",
        severity="warning",
        wait="15m",
        reasons=("CloudNotReady", "NoServiceEngine", "VirtualServiceBroken"),
        summary="Avi cannot run the virtual services of some clusters: {{ $labels.reason }}.",
        means=(
            "The cloud is not ready, no service engine runs, or virtual services are down because "
            "of the platform. Users of these clusters notice it."
        ),
        run=_EXPLAIN,
        harmless="Service engines of a new SE group are being made.",
    ),
    Alert(
        name="AkooAddressesLow",
        severity="warning",
        wait="15m",
        expr=f"{_FREE} / {_TOTAL} < 0.1 and {_FREE} > 0",
        summary="AviIPPool {{ $labels.pool }} has less than a tenth of its addresses left.",
        means="New Services soon get no address. Add ranges to the pool before that.",
        run="kubectl get aviippools\n",
        harmless="The pool is meant to be used up, and no cluster of it grows.",
    ),
    Alert(
        name="AkooAddressesExhausted",
        severity="critical",
        wait="5m",
        expr=f"{_FREE} == 0",
        summary="AviIPPool {{ $labels.pool }} has no free address.",
        means=(
            "New Services of the clusters that use the pool get no address. Virtual services that "
            "have one keep it. Add ranges, as in "
            "[give clusters addresses](../how-to/avi-ip-pools.md)."
        ),
        run="kubectl get aviippools\n",
        harmless="The pool is meant to be used up, and no cluster of it grows.",
    ),
)

SIGNALS = Signals(
    sections=(
        Section(
            title="Address pools",
            metrics=(
                Metric(
                    name="akoo_pool_addresses",
                    means=(
                        "addresses for virtual services in the subnets of an "
                        "[AviIPPool](../how-to/avi-ip-pools.md); `state` is `total`, `allocated` "
                        "or `free`"
                    ),
                ),
            ),
        ),
    ),
    alerts=ALERTS,
    boards=(
        Board(
            name="avi",
            title="akoo-core: Avi",
            panels=(
                Panel(
                    question="Does Avi answer?",
                    queries=(
                        Query(
                            expr=(
                                "sum by (outcome) (rate(akoo_external_requests_total"
                                '{job=~"$job",system="avi"}[5m]))'
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
                                '{job=~"$job",system="avi"}[5m])))'
                            ),
                            legend="{{operation}}",
                        ),
                    ),
                    unit="reqps",
                ),
                Panel(
                    question="How many clusters have a place that works?",
                    queries=(
                        Query(expr='max(akoo_ready{job=~"$job",plugin="avi"})', legend="ready"),
                        Query(
                            expr='max(akoo_records{job=~"$job",phase="Running"})', legend="running"
                        ),
                    ),
                ),
                Panel(
                    question="How many addresses are free?",
                    queries=(
                        Query(
                            expr=('max by (pool) (akoo_pool_addresses{job=~"$job",state="free"})'),
                            legend="{{pool}}",
                        ),
                    ),
                    about="Pools without ranges for virtual services are not shown.",
                ),
                Panel(
                    question="How full are the pools?",
                    queries=(
                        Query(
                            expr=(
                                'max by (pool) (akoo_pool_addresses{job=~"$job",'
                                'state="allocated"}) / max by (pool) '
                                '(akoo_pool_addresses{job=~"$job",state="total"})'
                            ),
                            legend="{{pool}}",
                        ),
                    ),
                    unit="percentunit",
                ),
                Panel(
                    question="How long do the verbs of Avi take (95 %)?",
                    queries=(
                        Query(
                            expr=(
                                "histogram_quantile(0.95, sum by (le, verb) "
                                '(rate(akoo_verb_seconds_bucket{job=~"$job",plugin="avi"}[5m])))'
                            ),
                            legend="{{verb}}",
                        ),
                    ),
                    unit="s",
                ),
                Panel(
                    question="Are objects of deleted clusters left?",
                    queries=(
                        Query(
                            expr='max by (phase) (akoo_left_objects{job=~"$job"})',
                            legend="{{phase}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
