"""Every metric of akoo-core, by name, in one place (Prometheus).

Names of the ``controller_runtime_``, ``workqueue_``, ``rest_client_`` and ``leader_election_``
families are those of controller-runtime, so that dashboards made for Go operators work. No label
holds a cluster's name.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from akoo_core.telemetry import tally

REGISTRY = CollectorRegistry()
"""Our own registry: /metrics shows what is listed here and nothing a library added."""

PROCESS = ProcessCollector(registry=REGISTRY)
"""``process_*``: CPU, memory, open files and start of this process."""

BUILD = Gauge(
    "akoo_build_info",
    "1: the version of akoo-core and of its Python.",
    ["version", "python"],
    registry=REGISTRY,
)
_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

EXTERNAL_REQUESTS = Counter(
    "akoo_external_requests_total",
    "Requests that left this process.",
    ["system", "operation", "outcome"],
    registry=REGISTRY,
)
VERB_SECONDS = Histogram(
    "akoo_verb_seconds",
    "Duration of one call of one verb of one plugin.",
    ["verb", "plugin", "result"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
LEAKED_TASKS = Counter(
    "akoo_verb_leaked_tasks_total",
    "Tasks that a verb left running and that were cancelled.",
    ["verb", "plugin"],
    registry=REGISTRY,
)
ABANDONED_CALLS = Counter(
    "akoo_abandoned_calls_total",
    "Calls of plugins that did not end when they were cancelled, and were left behind.",
    ["verb", "plugin"],
    registry=REGISTRY,
)
SOURCE_RESTARTS = Counter(
    "akoo_source_restarts_total",
    "Sources of plugins' controllers that ended or failed, and are started anew.",
    ["controller", "reason"],
    registry=REGISTRY,
)
SLOW_WORKLOADS = Gauge(
    "akoo_slow_workload_clusters",
    "Workload clusters that answer slowly and share the slots for such clusters.",
    registry=REGISTRY,
)
RECORDS = Gauge("akoo_records", "AKODeployments by phase.", ["phase"], registry=REGISTRY)
READY = Gauge(
    "akoo_ready", "AKODeployments whose plugin condition is True.", ["plugin"], registry=REGISTRY
)
HELD = Gauge("akoo_held", "AKODeployments that are held, by reason.", ["reason"], registry=REGISTRY)
NOT_READY = Gauge(
    "akoo_not_ready",
    "AKODeployments whose condition Ready is False, by its reason.",
    ["reason"],
    registry=REGISTRY,
)
LEAKED = Gauge(
    "akoo_leaked",
    "AKODeployments whose Cluster went before its cleanup was proven, by the reason for that.",
    ["reason"],
    registry=REGISTRY,
)
LEAVING_SINCE = Gauge(
    "akoo_leaving_oldest_start_seconds",
    "Unix time of the start of the oldest leaving that has not ended; 0 while none leaves.",
    registry=REGISTRY,
)
LEFT_OBJECTS = Gauge(
    "akoo_left_objects",
    "Own objects still outside while leaving, by the phase of their AKODeployment.",
    ["phase"],
    registry=REGISTRY,
)
CLEANUP_SECONDS = Histogram(
    "akoo_cleanup_seconds",
    "From the start of leaving until the Cluster was let go.",
    buckets=(*_SECONDS, 900.0, 3600.0),
    registry=REGISTRY,
)
POOL_ADDRESSES = Gauge(
    "akoo_pool_addresses",
    "Addresses for virtual services in the subnets of a pool: total, allocated, free.",
    ["pool", "state"],
    registry=REGISTRY,
)
PORT_GROUPS = Gauge(
    "akoo_vsphere_port_groups",
    "VSpherePortGroups whose condition is True, by the type of the condition.",
    ["condition"],
    registry=REGISTRY,
)
PORT_GROUPS_NOT_READY = Gauge(
    "akoo_vsphere_not_ready",
    "VSpherePortGroups whose condition Ready is not True, by its reason.",
    ["reason"],
    registry=REGISTRY,
)
CREDENTIAL_AGE = Gauge(
    "akoo_credential_age_seconds",
    "Time since AKO was first seen with its account: the oldest one of each config.",
    ["config"],
    registry=REGISTRY,
)
ROTATION_AGE = Gauge(
    "akoo_credential_rotation_seconds",
    "Age at which a config has the accounts of its clusters rotated.",
    ["config"],
    registry=REGISTRY,
)
ROTATIONS = Counter(
    "akoo_credential_rotations_total",
    "Rotations of accounts of AKO by result: promoted, overdue, delayed, abandoned.",
    ["result"],
    registry=REGISTRY,
)
STORE_LOGINS = Counter(
    "akoo_store_logins_total",
    "Logins at the store of passwords by result: ok, failed.",
    ["result"],
    registry=REGISTRY,
)
CERTIFICATE_EXPIRY = Gauge(
    "akoo_certificate_expiry_seconds",
    "Unix time at which the first certificate of a use expires.",
    ["use"],
    registry=REGISTRY,
)
EVENT_LOOP_BLOCKED = Histogram(
    "akoo_event_loop_blocked_seconds",
    "How much later than planned a tick of the event loop ran.",
    buckets=_SECONDS,
    registry=REGISTRY,
)
RECONCILE_TOTAL = tally.Counter(
    "controller_runtime_reconcile_total",
    "Reconciles by result: success, error, requeue, requeue_after.",
    ["controller", "result"],
    registry=REGISTRY,
)
RECONCILE_ERRORS = Counter(
    "controller_runtime_reconcile_errors_total",
    "Reconciles that raised.",
    ["controller"],
    registry=REGISTRY,
)
RECONCILE_SECONDS = tally.Histogram(
    "controller_runtime_reconcile_time_seconds",
    "Duration of one reconcile.",
    ["controller"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
ACTIVE_WORKERS = Gauge(
    "controller_runtime_active_workers", "Workers at work.", ["controller"], registry=REGISTRY
)
MAX_CONCURRENT_RECONCILES = Gauge(
    "controller_runtime_max_concurrent_reconciles",
    "Workers there are.",
    ["controller"],
    registry=REGISTRY,
)
QUEUE_DEPTH = Gauge("workqueue_depth", "Keys that wait.", ["name"], registry=REGISTRY)
QUEUE_ADDS = tally.Counter(
    "workqueue_adds_total", "Adds to the queue.", ["name"], registry=REGISTRY
)
QUEUE_RETRIES = Counter(
    "workqueue_retries_total", "Rate-limited re-adds.", ["name"], registry=REGISTRY
)
QUEUE_SECONDS = tally.Histogram(
    "workqueue_queue_duration_seconds",
    "From add to start of work.",
    ["name"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
WORK_SECONDS = tally.Histogram(
    "workqueue_work_duration_seconds",
    "From start to end of work.",
    ["name"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
REST_REQUESTS = Counter(
    "rest_client_requests_total",
    "Requests to API servers; host is management or workload.",
    ["code", "method", "host"],
    registry=REGISTRY,
)
REST_SECONDS = Histogram(
    "rest_client_request_duration_seconds",
    "Latency of API server requests.",
    ["verb", "host"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
LEADER = Gauge(
    "leader_election_master_status", "1 while this process leads.", ["name"], registry=REGISTRY
)
LAST_SYNC = Gauge(
    "akoo_reflector_last_sync_seconds",
    "Unix time of the last complete list of a kind.",
    ["resource"],
    registry=REGISTRY,
)
WATCH_FAILING = Gauge(
    "akoo_watch_failing",
    "Caches of a kind that are out of date: it cannot be listed or watched.",
    ["resource"],
    registry=REGISTRY,
)
WATCH_RESTARTS = Counter(
    "akoo_watch_restarts_total",
    "Watches that had to be opened again.",
    ["resource", "reason"],
    registry=REGISTRY,
)
