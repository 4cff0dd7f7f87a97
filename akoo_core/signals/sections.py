"""The metrics of the core, as the reference page shows them."""

from __future__ import annotations

from akoo_core.plugin.signals import Metric, Section

SECTIONS = (
    Section(
        title="Clusters",
        metrics=(
            Metric(
                name="akoo_records",
                means="AKODeployments by [phase](record.md#phases)",
            ),
            Metric(
                name="akoo_ready",
                means="AKODeployments whose condition of that plugin is True",
            ),
            Metric(
                name="akoo_not_ready",
                means=(
                    "AKODeployments whose condition `Ready` is False, by its "
                    "[reason](conditions.md#reasons)"
                ),
            ),
            Metric(
                name="akoo_held",
                means="AKODeployments that are on hold, by [reason](conditions.md#reasons)",
            ),
            Metric(
                name="akoo_leaked",
                means=(
                    "AKODeployments with condition `Leaked`: their Cluster went before its "
                    "cleanup was proven"
                ),
            ),
            Metric(
                name="akoo_leaving_oldest_start_seconds",
                means=(
                    "Unix time of the start of the oldest leaving, or relocation, that still "
                    "holds its Cluster; 0 while there is none"
                ),
            ),
            Metric(
                name="akoo_left_objects",
                means=(
                    "own objects left outside while leaving (column LEFT), by the phase of "
                    "their record; only plugins know their kinds"
                ),
            ),
            Metric(
                name="akoo_cleanup_seconds",
                means="from the start of leaving until the Cluster was let go",
            ),
        ),
    ),
    Section(
        title="Verbs and outside calls",
        metrics=(
            Metric(
                name="akoo_verb_seconds",
                means=(
                    "one call of one verb; `result` is the answer's type in lower case, or "
                    "`none`, `error`, `timeout`, `cancelled`"
                ),
            ),
            Metric(
                name="akoo_verb_leaked_tasks_total",
                means="tasks that a verb left running; they were cancelled",
            ),
            Metric(
                name="akoo_abandoned_calls_total",
                means=(
                    "calls of plugins that continued after their cancellation; nobody waits "
                    "for them, and their outside calls are refused"
                ),
            ),
            Metric(
                name="akoo_source_restarts_total",
                means=(
                    "[sources](../plugins/sources.md) of plugins' controllers that were "
                    "started anew; `reason` is `ended` or `failed`"
                ),
            ),
            Metric(
                name="akoo_slow_workload_clusters",
                means=(
                    "workload clusters that answer slowly: they share a fifth of the workers "
                    "([details](../explanation/workload-access.md))"
                ),
            ),
            Metric(
                name="akoo_external_requests_total",
                means=(
                    "requests that left the process; `outcome` is `ok`, `cancelled` or the "
                    "error's type"
                ),
            ),
            Metric(
                name="akoo_certificate_expiry_seconds",
                means=(
                    "Unix time at which the first certificate of a `use` ends: those of servers "
                    "(`avi`, `vault`, `vcenter`, `workload`) to which a connection was opened in "
                    "the last 48 h, and `workload-client`, ours in kubeconfigs of workload "
                    "clusters; `+Inf` after 48 h without a connection"
                ),
            ),
            Metric(
                name="rest_client_requests_total",
                means="requests to API servers; `host` is `management` or `workload`",
            ),
            Metric(
                name="rest_client_request_duration_seconds",
                means="their latency",
            ),
        ),
    ),
    Section(
        title="Reconciling",
        metrics=(
            Metric(
                name="controller_runtime_reconcile_total",
                means=("reconciles; `result` is `success`, `error`, `requeue` or `requeue_after`"),
            ),
            Metric(
                name="controller_runtime_reconcile_errors_total",
                means="reconciles that raised an error",
            ),
            Metric(
                name="controller_runtime_reconcile_time_seconds",
                means="duration of one reconcile",
            ),
            Metric(
                name="controller_runtime_active_workers",
                means="workers at work",
            ),
            Metric(
                name="controller_runtime_max_concurrent_reconciles",
                means="number of workers",
            ),
            Metric(
                name="workqueue_depth",
                means="keys in the queue",
            ),
            Metric(
                name="workqueue_adds_total",
                means="adds to the queue",
            ),
            Metric(
                name="workqueue_retries_total",
                means="adds after a failure",
            ),
            Metric(
                name="workqueue_queue_duration_seconds",
                means="from add to the start of work",
            ),
            Metric(
                name="workqueue_work_duration_seconds",
                means="from the start of work to its end",
            ),
        ),
    ),
    Section(
        title="The process",
        metrics=(
            Metric(
                name="akoo_build_info",
                means="1: the version of akoo-core and of its Python",
            ),
            Metric(
                name="process_cpu_seconds_total",
                means="CPU time of the process",
            ),
            Metric(
                name="process_resident_memory_bytes",
                means="its memory",
            ),
            Metric(
                name="process_virtual_memory_bytes",
                means="its address space",
            ),
            Metric(
                name="process_start_time_seconds",
                means="Unix time of its start",
            ),
            Metric(
                name="process_open_fds",
                means="its open files and sockets",
            ),
            Metric(
                name="process_max_fds",
                means="the limit of open files",
            ),
            Metric(
                name="leader_election_master_status",
                means="1 while this replica leads",
            ),
            Metric(
                name="akoo_reflector_last_sync_seconds",
                means="Unix time of the last complete list of a kind",
            ),
            Metric(
                name="akoo_watch_failing",
                means=(
                    "caches of a kind that are out of date, because it cannot be listed or watched"
                ),
            ),
            Metric(
                name="akoo_watch_restarts_total",
                means="watches that were opened again",
            ),
            Metric(
                name="akoo_event_loop_blocked_seconds",
                means="delay of a tick of the event loop",
            ),
        ),
    ),
)
