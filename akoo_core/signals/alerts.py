"""Alerts of the core: each is a symptom that a person must act on."""

from __future__ import annotations

from akoo_core.plugin.signals import Alert

CALM = (
    "AkoRestarted",
    "AkoStarting",
    "CacheBehind",
    "ControlPlaneNotReady",
    "DeletionPaused",
    "KubeconfigMissing",
    "Leaving",
    "MoveAwaited",
    "Paused",
    "PickupAwaited",
    "PlacementFound",
    "PlacementLeaving",
    "Relocating",
    "RestartHeld",
)
"""Reasons for which nobody is called: somebody else's work, a wish of a person, or a step of ours.
A leaving that takes too long has alerts of its own."""

_EXPLAIN = """\
akoo-core status                       # clusters, phases, reasons
akoo-core explain NAMESPACE/NAME       # the cause, and what to do
"""

_PROCESS = (
    Alert(
        name="AkooDown",
        severity="critical",
        wait="5m",
        expr="absent(akoo_build_info)",
        summary="Prometheus sees no akoo-core: no cluster gets, changes or loses its AKO.",
        means=(
            "No replica answers at `/metrics`. Clusters keep their AKO and their virtual services. "
            "New clusters get none, and a deleted Cluster stays until the operator is back."
        ),
        run=(
            "kubectl -n akoo-system get pods -l app.kubernetes.io/name=akoo-core\n"
            "kubectl -n akoo-system describe deployment akoo-core\n"
            "kubectl -n akoo-system logs deployment/akoo-core --all-pods --tail=50\n"
        ),
        harmless="The operator was removed on purpose, or Prometheus lost its way to the Pods.",
    ),
    Alert(
        name="AkooNoLeader",
        severity="critical",
        wait="5m",
        expr=(
            "max by (job) (\n"
            "  leader_election_master_status and on (job, instance) akoo_build_info\n"
            ") == 0"
        ),
        summary="No replica of akoo-core leads: nothing is done for any cluster.",
        means=(
            "Replicas run, and none of them holds the Lease. They wait for a requirement that the "
            "log and `/readyz` name (definitions, rights, Cluster API), or cannot write the Lease."
        ),
        run=(
            "kubectl -n akoo-system get lease akoo-core -o yaml\n"
            "kubectl -n akoo-system logs deployment/akoo-core --all-pods --tail=50\n"
            "kubectl get --raw /readyz             # the API server itself\n"
        ),
        harmless="The API server was away for some minutes. The alert ends by itself.",
    ),
    Alert(
        name="AkooRestarts",
        severity="warning",
        wait="0m",
        expr=(
            "max by (job, instance) (\n"
            "  changes(process_start_time_seconds[1h]) and on (job, instance) akoo_build_info\n"
            ") > 3"
        ),
        summary="A replica of akoo-core restarted more than three times within an hour.",
        means=(
            "The process ends again and again: out of memory, a wrong setting, or an event loop "
            "that stalls for so long that the kubelet kills it. The other replica takes over, and "
            "every change of the leader costs up to a minute."
        ),
        run=(
            "kubectl -n akoo-system get pods -l app.kubernetes.io/name=akoo-core\n"
            "kubectl -n akoo-system logs deployment/akoo-core --previous --tail=50\n"
        ),
        harmless="Somebody rolls the Deployment several times.",
    ),
    Alert(
        name="AkooWatchFails",
        severity="critical",
        wait="10m",
        expr="max by (job, resource) (akoo_watch_failing) > 0",
        summary="akoo-core cannot follow {{ $labels.resource }}: it acts on old knowledge.",
        means=(
            "The kind cannot be listed or watched for ten minutes. Its cache is out of date, so "
            "changes of these objects are not seen. The log names the error: a right that is "
            "missing, a definition that is gone, or an API server that refuses."
        ),
        run=(
            "kubectl -n akoo-system logs deployment/akoo-core --all-pods --tail=50\n"
            "akoo-core manifests rbac --plugins ako,avi | kubectl apply --server-side -f -\n"
        ),
        harmless="The API server is being upgraded.",
    ),
    Alert(
        name="AkooForbidden",
        severity="warning",
        wait="15m",
        expr=(
            "sum by (job, operation) (\n"
            "  rate(akoo_external_requests_total"
            '{system="kubernetes",outcome="ForbiddenError"}[10m])\n'
            ") > 0"
        ),
        summary='The management cluster refuses "{{ $labels.operation }}" of akoo-core.',
        means=(
            "The ServiceAccount lacks a right, or an admission policy refuses the write. This "
            "happens after an upgrade of the image without the new ClusterRole."
        ),
        run="akoo-core manifests rbac --plugins ako,avi | kubectl apply --server-side -f -\n",
        harmless="Never for long: what is refused is not done.",
    ),
    Alert(
        name="AkooLoopBlocked",
        severity="warning",
        wait="10m",
        expr=(
            "histogram_quantile(0.99, sum by (job, le) "
            "(rate(akoo_event_loop_blocked_seconds_bucket[5m]))) > 1"
        ),
        summary="The event loop of akoo-core is blocked for more than a second.",
        means=(
            "The process has too little CPU, or a plugin blocks the event loop. Leases, watches "
            "and probes come late. A stall of ten seconds restarts the process."
        ),
        run="kubectl -n akoo-system top pods -l app.kubernetes.io/name=akoo-core\n",
        harmless="The Node is overloaded for a while, and nothing else is wrong.",
    ),
    Alert(
        name="AkooFilesLow",
        severity="warning",
        wait="15m",
        expr=(
            "max by (job, instance) (\n"
            "  (process_open_fds / process_max_fds) and on (job, instance) akoo_build_info\n"
            ") > 0.8"
        ),
        summary="akoo-core has opened more than 80 % of the files that it may open.",
        means=(
            "Each connection to a workload cluster and to a controller is a file. Without free "
            "ones, no new connection can be made."
        ),
        run="kubectl -n akoo-system exec deployment/akoo-core -- cat /proc/1/limits\n",
        harmless="The fleet has grown: raise the limit of the container runtime.",
    ),
    Alert(
        name="AkooCertificateExpires",
        severity="warning",
        wait="1h",
        expr="min by (job, use) (akoo_certificate_expiry_seconds) - time() < 14 * 86400",
        summary="A certificate of {{ $labels.use }} ends within 14 days, or has ended.",
        means=(
            "When it has ended, akoo-core trusts the server no more, or workload clusters refuse "
            "akoo-core: nothing is changed there, and deleted Clusters stay. `workload-client` is "
            "the client certificate in the kubeconfig of a Cluster, which Cluster API renews; the "
            "others are certificates of servers."
        ),
        run=(
            "# The log names the server, or the Cluster:\n"
            "kubectl -n akoo-system logs deployment/akoo-core --all-pods | grep certificate\n"
            "akoo-core check                        # can each system still be reached?\n"
        ),
        harmless=(
            "The certificates of the system are made for a few days and renewed by a program, or "
            "the server was taken away less than 48 h ago."
        ),
    ),
    Alert(
        name="AkooQueueSlow",
        severity="warning",
        wait="15m",
        expr=(
            "histogram_quantile(0.9, sum by (job, name, le) (\n"
            "  rate(workqueue_queue_duration_seconds_bucket[10m])"
            " and on (job, instance) akoo_build_info\n"
            ")) > 60"
        ),
        summary="Keys of queue {{ $labels.name }} wait for more than a minute.",
        means=(
            "Changes are handled late. All workers are busy: with slow systems outside, with many "
            "clusters that leave at once, or with too little CPU."
        ),
        run="akoo-core status                       # many clusters in one phase?\n",
        harmless="Many clusters were created or deleted at once, and the number falls.",
    ),
    Alert(
        name="AkooVerbsFail",
        severity="warning",
        wait="30m",
        expr=(
            "sum by (job, verb, plugin) (\n"
            '  rate(akoo_verb_seconds_count{result=~"error|timeout"}[15m])\n) > 0'
        ),
        reasons=("AttemptFailed", "VerbFailed"),
        summary="{{ $labels.verb }} of plugin {{ $labels.plugin }} fails again and again.",
        means=(
            "The verb raises an error that the plugin does not expect, or takes too long. An "
            "unreachable system gives a reason of its own and no error here."
        ),
        run=f"{_EXPLAIN}akoo-core trace NAMESPACE/NAME         # the call that fails\n",
        harmless="Never: report it with the message of the condition and the trace.",
    ),
)

_CLUSTERS = (
    Alert(
        name="AkooLeavingStuck",
        severity="warning",
        wait="5m",
        expr="max by (job) (time() - (akoo_leaving_oldest_start_seconds > 0)) > 1800",
        summary="A cluster has been leaving for more than half an hour.",
        means=(
            "AKO is being removed from a cluster, and its Cluster object is held until the proof. "
            "A leaving takes some minutes. At the deadline of its config (one hour by default) the "
            "Cluster is let go without the proof, or held on, as `onDeadline` says."
        ),
        run=(
            "akoo-core status --not-ready           # what holds them\n"
            "akoo-core explain NAMESPACE/NAME\n"
            "akoo-core trace NAMESPACE/NAME         # the step that waits\n"
        ),
        harmless=(
            "The Cluster or the record is paused, or its config has a long `quietPeriod` or "
            "`drainTimeout`."
        ),
    ),
    Alert(
        name="AkooLeaked",
        severity="critical",
        wait="0m",
        expr='max by (job, reason) (akoo_leaked{reason!="UserWord"}) > 0',
        summary="A Cluster is gone, and nothing proves that its objects are: {{ $labels.reason }}.",
        means=(
            "The Cluster was let go (`Deadline`) or vanished (`Gone`) before its objects outside "
            "were counted as zero. Sweeping goes on. Until it ends, virtual services, addresses "
            "and accounts of a cluster that does not exist may be left."
        ),
        run=(
            "kubectl get akodeployments             # LEFT: objects that are left\n"
            "akoo-core explain NAMESPACE/NAME\n"
            "akoo-core audit avi                    # objects without a living owner\n"
        ),
        harmless=(
            "The next count was zero: the condition `Leaked` goes, and the alert with it. A person "
            "who let the Cluster go (`akoo.io/let-go`) causes no alert."
        ),
    ),
    Alert(
        name="AkooRemovalHeld",
        severity="critical",
        wait="2m",
        reasons=("RemovalHeld",),
        summary="Too many clusters want to lose their AKO at once: akoo-core holds them.",
        means=(
            "More removals or relocations began within an hour than akoo-core makes without a "
            "question. Often a config was deleted, or a selector changed, by mistake. The clusters "
            "keep their AKO until a person confirms. A deleted Cluster is never held."
        ),
        run=(
            "kubectl get akodeploymentconfigs\n"
            "akoo-core status --not-ready\n"
            "akoo-core explain NAMESPACE/NAME\n"
        ),
        harmless="Somebody removes AKO from many clusters on purpose, and confirms each.",
    ),
    Alert(
        name="AkooWorkloadUnreachable",
        severity="warning",
        wait="15m",
        reasons=("WorkloadForbidden", "WorkloadUnreachable"),
        summary="akoo-core cannot work in some workload clusters: {{ $labels.reason }}.",
        means=(
            "The API server of a cluster does not answer, or refuses the kubeconfig of Cluster "
            "API. AKO goes on in the cluster, and changes of its config do not arrive."
        ),
        run=_EXPLAIN,
        harmless="The control plane of that cluster is being repaired or upgraded.",
    ),
    Alert(
        name="AkooNotReady",
        severity="warning",
        wait="30m",
        other_reasons=True,
        reasons=CALM,
        summary="AKO does not work as wanted in some clusters: {{ $labels.reason }}.",
        means=(
            "The condition `Ready` of an AKODeployment is False for half an hour. The reason is "
            "explained in the [conditions](../reference/conditions.md#reasons) or in the README of "
            "the plugin. Reasons for which nobody has to act, and reasons with an alert of their "
            "own, are left out."
        ),
        run=_EXPLAIN,
        harmless="The cluster is being built, and the reason is not yet of interest to anybody.",
    ),
)

ALERTS = _PROCESS + _CLUSTERS
