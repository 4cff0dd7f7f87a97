"""Every setting of the operator, with its unit and default.

Keys in the file are camelCase (``health.bindAddress``); in the environment they are
``AKOO_HEALTH__BIND_ADDRESS``. Durations are numbers of seconds.
"""

from __future__ import annotations

from typing import Annotated, Literal

from akoo_core import structs
from akoo_core.outside import proxies

ANCESTOR_NAMESPACE = "tkg-system-networking"
"""The namespace in which users of the Go ancestor keep credentials of Avi Controllers."""

Count = Annotated[int, structs.Meta(ge=1)]
Port = Annotated[int, structs.Meta(ge=0, le=65535)]
Seconds = Annotated[float, structs.Meta(ge=0)]
MAX_CALL_SECONDS = 30.0
"""The most that a plugin may ask for one call. See Settings.longest_call_seconds."""
ExternalSeconds = Annotated[float, structs.Meta(gt=0, le=MAX_CALL_SECONDS)]
LEASE_SHARE = 0.9
"""Share of the time between the last write of a leader and the first of the next."""
AttemptSeconds = Annotated[float, structs.Meta(gt=300, le=7200)]
Namespace = Annotated[str, structs.Meta(pattern=r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$")]
"""The name of a namespace, or nothing."""
NamespaceName = Annotated[str, structs.Meta(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
"""The name of a namespace."""


class Health(structs.StrictStruct, frozen=True, kw_only=True):
    """The port of /healthz, /readyz and /metrics."""

    bind_address: str = "0.0.0.0"  # noqa: S104 - probes come from outside of the Pod
    """Address to listen on."""
    port: Port = 8081
    """TCP port to listen on; 0 picks a free one."""


class LeaderElection(structs.StrictStruct, frozen=True, kw_only=True):
    """The Lease that names the replica that acts."""

    enabled: bool = True
    """False: this process acts at once. Only for a single replica."""
    lease_name: str = "akoo-core"
    """Name of the Lease, in the operator's namespace."""
    lease_seconds: Seconds = 60.0
    """Time that a Lease which is not renewed keeps others away. Seconds."""
    renew_deadline_seconds: Seconds = 20.0
    """A leader that could not renew for this long stops acting. Seconds."""
    retry_seconds: Seconds = 5.0
    """Time between two attempts to take or renew the Lease. Seconds."""


class Telemetry(structs.StrictStruct, frozen=True, kw_only=True):
    """Destination of spans."""

    endpoint: str = ""
    """OTLP over HTTP (``http://jaeger:4318``). Empty: OTEL_EXPORTER_OTLP_ENDPOINT, or none."""
    service_name: str = ""
    """The service that spans are shown under. Empty: OTEL_SERVICE_NAME, else akoo-core."""


class Log(structs.StrictStruct, frozen=True, kw_only=True):
    """Level and format of log lines."""

    format: Literal["auto", "json", "text"] = "auto"
    """auto: text on a terminal, JSON lines elsewhere."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe line that is shown."""


class WorkloadClusters(structs.StrictStruct, frozen=True, kw_only=True):
    """Connections to workload clusters, and the requests of their kubeconfigs that are granted.

    Tenants can write the kubeconfig Secrets of their clusters: each allowance here is given to all.
    """

    deadline_seconds: ExternalSeconds = 10.0
    """Deadline of one request to a workload cluster. Seconds, at most 30."""
    allow_insecure_tls: bool = False
    """Accept ``insecure-skip-tls-verify``: anybody on the way can read credentials."""
    allow_proxy: bool = False
    """Accept ``proxy-url``: the author of a kubeconfig chooses a host that this process calls."""
    allow_local_addresses: bool = False
    """Connect to loopback and link-local addresses too: for clusters on this machine only."""


class Proxy(structs.StrictStruct, frozen=True, kw_only=True):
    """The proxy for Avi Controllers, Vault, vCenters, workload clusters and spans.

    The API server of the management cluster is never called through it.
    """

    url: str = ""
    """HTTP proxy that opens connections (CONNECT): ``http://host:port``. Empty: HTTPS_PROXY, or
    none."""
    no_proxy: tuple[str, ...] = ()
    """Hosts called directly: names with those below, ``.suffix``, addresses, networks; ``*``.
    Empty: NO_PROXY."""


class Deadlines(structs.StrictStruct, frozen=True, kw_only=True):
    """Longest times of calls and attempts."""

    external_seconds: ExternalSeconds = 10.0
    """Deadline of an external call that names none of its own, as reads do. Seconds, at most 30."""
    attempt_seconds: AttemptSeconds = 900.0
    """Deadline of one attempt on one record. Seconds, more than the longest verb may take (300)."""
    shutdown_seconds: Seconds = 4.0
    """Time for attempts in flight, after SIGTERM. Seconds."""


class Settings(structs.StrictStruct, frozen=True, kw_only=True):
    """The operator's own settings. Those of plugins are under ``plugins.<name>``."""

    enabled_plugins: tuple[str, ...] = ()
    """Plugins to run, in this order; ``all`` or ``none`` alone; ``FILE.py:CLASS`` for development.
    ``--plugins`` is the same."""
    management_id: str = ""
    """Identity of this management cluster. Empty: the UID of the kube-system namespace."""
    operator_namespace: NamespaceName = "akoo-system"
    """Namespace of the operator: its Lease and, unless set otherwise, its Secrets."""
    watch_namespace: Namespace = ""
    """Only Clusters of this namespace are watched; records of others are left alone. Empty: all.
    ``--namespace`` is the same."""
    allowed_secret_namespaces: tuple[str, ...] | None = None
    """Credentials are read from these only. Default: operatorNamespace, tkg-system-networking."""
    health: Health = Health()
    """The port of /healthz, /readyz and /metrics."""
    workers: Count = 10
    """Records that are reconciled at the same time."""
    threads_per_plugin: Count = 4
    """Threads of each plugin for SDKs that block."""
    resync_seconds: Seconds = 600.0
    """Time after which each record is reconciled again, give or take a tenth. Seconds."""
    min_interval_seconds: Seconds = 1.0
    """Shortest time between two attempts on one record. Seconds."""
    finished_retention_seconds: Seconds = 604800.0
    """Time that a finished record is kept, as the proof. Seconds (7 days)."""
    leader_election: LeaderElection = LeaderElection()
    """The Lease that names the replica that acts."""
    telemetry: Telemetry = Telemetry()
    """Destination of spans."""
    log: Log = Log()
    """Level and format of log lines."""
    workload_clusters: WorkloadClusters = WorkloadClusters()
    """Connections to workload clusters."""
    deadlines: Deadlines = Deadlines()
    """Longest times of calls and attempts."""
    ca_bundle: str = ""
    """File with CAs (PEM) for systems outside that name none, beside the system's. Empty: none."""
    proxy: Proxy = Proxy()
    """The proxy for systems outside."""

    @property
    def secret_namespaces(self) -> tuple[str, ...]:
        """The namespaces that credentials may be read from."""
        if self.allowed_secret_namespaces is not None:
            return self.allowed_secret_namespaces
        return tuple(dict.fromkeys((self.operator_namespace, ANCESTOR_NAMESPACE)))

    @property
    def longest_call_seconds(self) -> float:
        """The most that one external call may ask for: it must end before a Lease that is not
        renewed runs out, or two replicas may write."""
        election = self.leader_election
        if not election.enabled:
            return MAX_CALL_SECONDS
        left = (election.lease_seconds - election.renew_deadline_seconds) * LEASE_SHARE
        named = (self.deadlines.external_seconds, self.workload_clusters.deadline_seconds)
        return min(max(left, *named), MAX_CALL_SECONDS)


def contradictions(settings: Settings) -> tuple[tuple[str, str], ...]:
    """(path, problem) of settings that contradict each other."""
    election = settings.leader_election
    problems: list[tuple[str, str]] = []
    if election.retry_seconds >= election.renew_deadline_seconds:
        problem = "must be less than leaderElection.renewDeadlineSeconds"
        problems.append(("leaderElection.retrySeconds", problem))
    longest = settings.longest_call_seconds
    if election.enabled and election.renew_deadline_seconds + longest > election.lease_seconds:
        problem = (
            f"must be at least renewDeadlineSeconds ({election.renew_deadline_seconds:g}) and the "
            f"{longest:g} s that a call may take together, or two replicas may write"
        )
        problems.append(("leaderElection.leaseSeconds", problem))
    for path, problem in proxies.problems(settings.proxy.url, settings.proxy.no_proxy):
        problems.append((f"proxy.{path}", problem))
    return tuple(problems)
