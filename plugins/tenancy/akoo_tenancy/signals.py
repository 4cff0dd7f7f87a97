"""The metrics, alerts and the dashboard of this plugin (``Plugin.signals``)."""

from __future__ import annotations

from akoo_core.plugin.signals import Alert, Board, Metric, Panel, Query, Section, Signals

_CHECK = "akoo-core check tenancy                # the store, and our rights on users and roles\n"
_EXPLAIN = "akoo-core explain NAMESPACE/NAME       # the cause, and what to do\n"

ALERTS = (
    Alert(
        name="AkooStoreUnreachable",
        severity="critical",
        wait="10m",
        reasons=(
            "StoreFailing",
            "StoreLocked",
            "StoreSealed",
            "StoreThrottled",
            "StoreUnreachable",
        ),
        summary="akoo-core cannot work with Vault or OpenBao: {{ $labels.reason }}.",
        means=(
            "The store of passwords does not answer, is sealed or locked, or fails. AKO goes on "
            "with the account that it has. New clusters get none, and nothing is rotated."
        ),
        run=f"{_CHECK}{_EXPLAIN}",
        harmless="The store is being upgraded, and somebody unseals it.",
    ),
    Alert(
        name="AkooStoreRefuses",
        severity="critical",
        wait="5m",
        reasons=("StoreDenied", "StoreLoginFailed", "StoreMisconfigured"),
        summary="Vault or OpenBao refuses akoo-core: {{ $labels.reason }}.",
        means=(
            "The login, the policy, the mount or the CA is wrong; the message names which. "
            "[Vault and OpenBao](../how-to/vault.md) has the policy."
        ),
        run=f"{_CHECK}{_EXPLAIN}",
        harmless="Never: what is refused is not done.",
    ),
    Alert(
        name="AkooCredentialOld",
        severity="warning",
        wait="1h",
        expr=(
            "max by (job, config) (akoo_credential_age_seconds)\n"
            "> 1.1 * max by (job, config) (akoo_credential_rotation_seconds) + 7 * 86400"
        ),
        summary="An AKO of config {{ $labels.config }} has an account that was to be rotated.",
        means=(
            "The account is older than `rotation.every` of its config by a tenth and a week: with "
            "30 days, it is older than 40. A window of the week cannot be the reason: the rotation "
            "is delayed, or fails."
        ),
        run=(
            "kubectl get akodeployments             # clusters of the config\n"
            "akoo-core rotate NAMESPACE/NAME        # a new account now\n"
        ),
        harmless="`rotation.every` was made shorter just now, and many clusters wait for a turn.",
    ),
    Alert(
        name="AkooRotationDelayed",
        severity="warning",
        wait="30m",
        reasons=("PickupTimeout", "RotationDelayed"),
        summary="The account of an AKO cannot be rotated: {{ $labels.reason }}.",
        means=(
            "`RotationDelayed`: a step cannot be made now, and the message has the obstacle. "
            "`PickupTimeout`: AKO did not take the new account in time, and both stay valid. AKO "
            "works in either case. See [rotations](../explanation/rotations.md)."
        ),
        run=_EXPLAIN,
        harmless="The obstacle has an alert of its own, or AKO's cluster is switched off.",
    ),
)

SIGNALS = Signals(
    sections=(
        Section(
            title="Accounts of AKO",
            about=(
                "Of the [tenancy plugin](../../plugins/tenancy/README.md), counted from the facts "
                "in the records."
            ),
            metrics=(
                Metric(
                    name="akoo_credential_age_seconds",
                    means=(
                        "time since AKO was first seen with the account that it uses: the oldest "
                        "among the clusters of a config"
                    ),
                ),
                Metric(
                    name="akoo_credential_rotation_seconds",
                    means="the age at which a config has them rotated (`rotation.every`)",
                ),
                Metric(
                    name="akoo_credential_rotations_total",
                    means=(
                        "`promoted`: AKO works with the new account. `overdue`: it did not take it "
                        "in time. `delayed`: a step cannot be made now. `abandoned`: the cluster "
                        "left in the middle. A rotation may be overdue or delayed first"
                    ),
                ),
                Metric(
                    name="akoo_store_logins_total",
                    means="logins at Vault or OpenBao; `ok` or `failed`",
                ),
            ),
        ),
    ),
    alerts=ALERTS,
    boards=(
        Board(
            name="vault",
            title="akoo-core: Vault and accounts",
            panels=(
                Panel(
                    question="Does the store answer?",
                    queries=(
                        Query(
                            expr=(
                                "sum by (outcome) (rate(akoo_external_requests_total"
                                '{job=~"$job",system="vault"}[5m]))'
                            ),
                            legend="{{outcome}}",
                        ),
                    ),
                    unit="reqps",
                ),
                Panel(
                    question="Do logins succeed?",
                    queries=(
                        Query(
                            expr=(
                                "sum by (result) "
                                '(increase(akoo_store_logins_total{job=~"$job"}[10m]))'
                            ),
                            legend="{{result}}",
                        ),
                    ),
                ),
                Panel(
                    question="How old are the accounts?",
                    queries=(
                        Query(
                            expr=('max by (config) (akoo_credential_age_seconds{job=~"$job"})'),
                            legend="{{config}}",
                        ),
                        Query(
                            expr=(
                                'max by (config) (akoo_credential_rotation_seconds{job=~"$job"})'
                            ),
                            legend="{{config}} is rotated at",
                        ),
                    ),
                    unit="s",
                ),
                Panel(
                    question="How do rotations end?",
                    queries=(
                        Query(
                            expr=(
                                "sum by (result) "
                                '(increase(akoo_credential_rotations_total{job=~"$job"}[1h]))'
                            ),
                            legend="{{result}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
