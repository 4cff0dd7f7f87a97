"""Dashboards of the core: the fleet and the process."""

from __future__ import annotations

from akoo_core.plugin.signals import Board, Panel, Query

_P95 = 'histogram_quantile(0.95, sum by (le, {}) (rate({}_bucket{{job=~"$job"}}[5m])))'
"""The value that 95 % do not exceed, by a label, of a histogram."""

FLEET = Board(
    name="fleet",
    title="akoo-core: the fleet",
    panels=(
        Panel(
            question="Does somebody lead?",
            queries=(
                Query(
                    expr=(
                        'sum(leader_election_master_status{job=~"$job"}'
                        " and on (job, instance) akoo_build_info)"
                    ),
                    legend="leaders",
                ),
            ),
            look="stat",
            about="1: all is well.",
        ),
        Panel(
            question="How many clusters are there?",
            queries=(Query(expr='sum(max by (phase) (akoo_records{job=~"$job"}))'),),
            look="stat",
        ),
        Panel(
            question="How many are not ready?",
            queries=(Query(expr='sum(max by (reason) (akoo_not_ready{job=~"$job"}))'),),
            look="stat",
        ),
        Panel(
            question="How many went without a proof?",
            queries=(Query(expr='sum(max by (reason) (akoo_leaked{job=~"$job"})) or vector(0)'),),
            look="stat",
            about="Their objects may be left outside.",
        ),
        Panel(
            question="In which phase are they?",
            queries=(
                Query(expr='max by (phase) (akoo_records{job=~"$job"}) > 0', legend="{{phase}}"),
            ),
        ),
        Panel(
            question="Why are some not ready?",
            queries=(
                Query(
                    expr='max by (reason) (akoo_not_ready{job=~"$job"}) > 0', legend="{{reason}}"
                ),
            ),
        ),
        Panel(
            question="For which plugins are they ready?",
            queries=(Query(expr='max by (plugin) (akoo_ready{job=~"$job"})', legend="{{plugin}}"),),
        ),
        Panel(
            question="What holds those that leave?",
            queries=(
                Query(expr='max by (reason) (akoo_held{job=~"$job"}) > 0', legend="{{reason}}"),
            ),
        ),
        Panel(
            question="What is left of them outside?",
            queries=(
                Query(expr='max by (phase) (akoo_left_objects{job=~"$job"})', legend="{{phase}}"),
            ),
        ),
        Panel(
            question="Since when does the oldest leave?",
            queries=(
                Query(
                    expr='max(time() - (akoo_leaving_oldest_start_seconds{job=~"$job"} > 0))',
                    legend="oldest",
                ),
            ),
            unit="s",
        ),
        Panel(
            question="How long does a cleanup take?",
            queries=(
                Query(
                    expr=(
                        "histogram_quantile(0.5, sum by (le) "
                        '(rate(akoo_cleanup_seconds_bucket{job=~"$job"}[1h])))'
                    ),
                    legend="half",
                ),
                Query(
                    expr=(
                        "histogram_quantile(0.95, sum by (le) "
                        '(rate(akoo_cleanup_seconds_bucket{job=~"$job"}[1h])))'
                    ),
                    legend="95 %",
                ),
            ),
            unit="s",
        ),
        Panel(
            question="Which verbs are slow (95 %)?",
            queries=(
                Query(
                    expr=_P95.format("verb, plugin", "akoo_verb_seconds"),
                    legend="{{verb}} {{plugin}}",
                ),
            ),
            unit="s",
        ),
        Panel(
            question="Which verbs fail?",
            queries=(
                Query(
                    expr=(
                        "sum by (verb, plugin, result) (increase(akoo_verb_seconds_count"
                        '{job=~"$job",result=~"error|timeout"}[10m]))'
                    ),
                    legend="{{verb}} {{plugin}} {{result}}",
                ),
            ),
        ),
        Panel(
            question="How many workload clusters are slow?",
            queries=(Query(expr='max(akoo_slow_workload_clusters{job=~"$job"})', legend="slow"),),
        ),
    ),
)

PROCESS = Board(
    name="process",
    title="akoo-core: the process",
    panels=(
        Panel(
            question="Which versions run?",
            queries=(
                Query(
                    expr='count by (version, python) (akoo_build_info{job=~"$job"})',
                    legend="{{version}} on Python {{python}}",
                ),
            ),
            look="table",
        ),
        Panel(
            question="Which replica leads?",
            queries=(
                Query(
                    expr=(
                        "max by (instance) "
                        '(leader_election_master_status{job=~"$job"}'
                        " and on (job, instance) akoo_build_info)"
                    ),
                    legend="{{instance}}",
                ),
            ),
        ),
        Panel(
            question="How busy is the CPU?",
            queries=(
                Query(
                    expr='rate(process_cpu_seconds_total{job=~"$job"}[5m])', legend="{{instance}}"
                ),
            ),
            about="1: a whole core.",
        ),
        Panel(
            question="How much memory is used?",
            queries=(
                Query(expr='process_resident_memory_bytes{job=~"$job"}', legend="{{instance}}"),
            ),
            unit="bytes",
        ),
        Panel(
            question="How many files are open?",
            queries=(
                Query(
                    expr='process_open_fds{job=~"$job"} / process_max_fds{job=~"$job"}',
                    legend="{{instance}}",
                ),
            ),
            unit="percentunit",
        ),
        Panel(
            question="How soon does a certificate end?",
            queries=(
                Query(
                    expr='min by (use) (akoo_certificate_expiry_seconds{job=~"$job"}) - time()',
                    legend="{{use}}",
                ),
            ),
            unit="s",
        ),
        Panel(
            question="Is the event loop blocked (99 %)?",
            queries=(
                Query(
                    expr=(
                        "histogram_quantile(0.99, sum by (le, instance) "
                        '(rate(akoo_event_loop_blocked_seconds_bucket{job=~"$job"}[5m])))'
                    ),
                    legend="{{instance}}",
                ),
            ),
            unit="s",
        ),
        Panel(
            question="Are caches out of date?",
            queries=(
                Query(
                    expr='max by (resource) (akoo_watch_failing{job=~"$job"}) > 0',
                    legend="{{resource}}",
                ),
            ),
        ),
        Panel(
            question="Why are watches opened again?",
            queries=(
                Query(
                    expr=(
                        'sum by (resource, reason) (increase(akoo_watch_restarts_total{job=~"$job"'
                        ',reason!="ended"}[10m]))'
                    ),
                    legend="{{resource}} {{reason}}",
                ),
            ),
        ),
        Panel(
            question="How many keys wait?",
            queries=(
                Query(expr='sum by (name) (workqueue_depth{job=~"$job"})', legend="{{name}}"),
            ),
        ),
        Panel(
            question="How long do they wait (95 %)?",
            queries=(
                Query(
                    expr=_P95.format("name", "workqueue_queue_duration_seconds"),
                    legend="{{name}}",
                ),
            ),
            unit="s",
        ),
        Panel(
            question="How often is something reconciled?",
            queries=(
                Query(
                    expr=(
                        "sum by (controller, result) "
                        '(rate(controller_runtime_reconcile_total{job=~"$job"}[5m]))'
                    ),
                    legend="{{controller}} {{result}}",
                ),
            ),
            unit="reqps",
        ),
        Panel(
            question="How long does it take (95 %)?",
            queries=(
                Query(
                    expr=_P95.format("controller", "controller_runtime_reconcile_time_seconds"),
                    legend="{{controller}}",
                ),
            ),
            unit="s",
        ),
        Panel(
            question="Are all workers busy?",
            queries=(
                Query(
                    expr=(
                        'sum by (controller) (controller_runtime_active_workers{job=~"$job"})'
                        " / sum by (controller) "
                        '(controller_runtime_max_concurrent_reconciles{job=~"$job"})'
                    ),
                    legend="{{controller}}",
                ),
            ),
            unit="percentunit",
        ),
        Panel(
            question="Which errors do API servers answer?",
            queries=(
                Query(
                    expr=(
                        "sum by (host, code) "
                        '(rate(rest_client_requests_total{job=~"$job",code!~"2.."}[5m]))'
                    ),
                    legend="{{host}} {{code}}",
                ),
            ),
            unit="reqps",
        ),
        Panel(
            question="How fast do API servers answer (95 %)?",
            queries=(
                Query(
                    expr=_P95.format("host, verb", "rest_client_request_duration_seconds"),
                    legend="{{host}} {{verb}}",
                ),
            ),
            unit="s",
        ),
    ),
)

BOARDS = (FLEET, PROCESS)
