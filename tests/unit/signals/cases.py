"""For each alert: series with which it fires, and series of a healthy day with which it does not.

Series are those of promtool: ``1x30`` is 31 samples of 1, ``0+6x30`` grows by 6; one sample a
minute. Each series gets the label ``job``.
"""

from __future__ import annotations

from typing import NamedTuple

Labels = dict[str, str]
Series = dict[str, str]

DAY = 86400
BUILD = 'akoo_build_info{instance="a"}'


class Case(NamedTuple):
    """Series by their name with labels; at ``minute`` the alert fires once with ``labels``."""

    firing: Series
    quiet: Series
    labels: Labels
    minute: int = 60
    job: bool = True
    """The alert has the label job."""


def _reason(reason: str, quiet: str = "Paused", metric: str = "akoo_not_ready") -> Case:
    """A gauge by reason; ``quiet`` is another reason, which is no business of the alert."""
    return Case(
        firing={f'{metric}{{reason="{reason}",instance="{name}"}}': "2x90" for name in "ab"},
        quiet={
            f'{metric}{{reason="{reason}"}}': "0x90",
            f'{metric}{{reason="{quiet}"}}': "2x90",
        },
        labels={"reason": reason},
    )


def _held(reason: str) -> Case:
    case = _reason(reason, "QuietPeriod", "akoo_held")
    return case._replace(quiet=case.quiet | {f'akoo_not_ready{{reason="{reason}"}}': "0x90"})


def _buckets(name: str, labels: str, slow: str, quick: str) -> Series:
    """A histogram with one bound at 1, one at 300: growth of each bucket."""
    return {
        f'{name}_bucket{{{labels}le="1.0"}}': quick,
        f'{name}_bucket{{{labels}le="300.0"}}': slow,
        f'{name}_bucket{{{labels}le="+Inf"}}': slow,
    }


def _loop(quick: str) -> Series:
    return _buckets("akoo_event_loop_blocked_seconds", "", "0+60x90", quick)


def _queue(quick: str) -> Series:
    name = "workqueue_queue_duration_seconds"
    series = _buckets(name, 'name="record",instance="a",', "0+60x90", quick)
    return series | {BUILD: "1x90"}


def _external(growth: str) -> Series:
    labels = 'system="kubernetes",operation="list clusters",outcome="ForbiddenError"'
    return {f"akoo_external_requests_total{{{labels}}}": growth}


def _verbs(growth: str, result: str) -> Series:
    return {f'akoo_verb_seconds_count{{verb="sweep",plugin="avi",result="{result}"}}': growth}


def _addresses(free: int, total: int = 100) -> Series:
    return {
        f'akoo_pool_addresses{{pool="edge",state="{state}"}}': f"{value}x90"
        for state, value in (("free", free), ("total", total), ("allocated", total - free))
    }


def _leaders(first: str, second: str) -> Series:
    """Two replicas, and another operator of the same job that does not lead."""
    return {
        'leader_election_master_status{name="akoo-core",instance="a"}': first,
        'leader_election_master_status{name="akoo-core",instance="b"}': second,
        'leader_election_master_status{name="other",instance="c"}': "0x90",
        BUILD: "1x90",
        'akoo_build_info{instance="b"}': "1x90",
    }


def _files(files: int) -> Series:
    return {
        'process_open_fds{instance="a"}': f"{files}x90",
        'process_max_fds{instance="a"}': "1000x90",
        'process_open_fds{instance="other"}': "999x90",
        'process_max_fds{instance="other"}': "1000x90",
        BUILD: "1x90",
    }


def _age(days: int, every: int = 30) -> Series:
    """The age of an account of config ``gold``, which rotates at ``every`` days; two replicas."""
    return {
        'akoo_credential_age_seconds{config="gold",instance="a"}': f"{days * DAY}x90",
        'akoo_credential_rotation_seconds{config="gold",instance="a"}': f"{every * DAY}x90",
        'akoo_credential_rotation_seconds{config="gold",instance="b"}': f"{every * DAY}x90",
    }


CASES: dict[str, Case] = {
    "AkooDown": Case(firing={"up": "1x90"}, quiet={BUILD: "1x90"}, labels={}, job=False),
    "AkooNoLeader": Case(
        firing=_leaders("0x90", "0x90"), quiet=_leaders("1x90", "0x90"), labels={}
    ),
    "AkooRestarts": Case(
        firing={
            'process_start_time_seconds{instance="a"}': "1x10 2x10 3x10 4x10 5x50",
            BUILD: "1x90",
        },
        quiet={
            'process_start_time_seconds{instance="a"}': "1x10 2x80",
            'process_start_time_seconds{instance="other"}': "1x10 2x10 3x10 4x10 5x50",
            BUILD: "1x90",
        },
        labels={"instance": "a"},
    ),
    "AkooWatchFails": Case(
        firing={'akoo_watch_failing{resource="clusters"}': "1x90"},
        quiet={'akoo_watch_failing{resource="clusters"}': "0x50 1x5 0x35"},
        labels={"resource": "clusters"},
    ),
    "AkooForbidden": Case(
        firing=_external("0+1x90"),
        quiet=_external("7x90"),
        labels={"operation": "list clusters"},
    ),
    "AkooLoopBlocked": Case(firing=_loop("0+30x90"), quiet=_loop("0+60x90"), labels={}),
    "AkooFilesLow": Case(firing=_files(900), quiet=_files(700), labels={"instance": "a"}),
    # Time begins at 0: the certificate ends in so many days.
    "AkooCertificateExpires": Case(
        firing={
            f'akoo_certificate_expiry_seconds{{use="avi",instance="{name}"}}': f"{days * DAY}x90"
            for name, days in (("a", 13), ("b", 300))
        },
        quiet={
            'akoo_certificate_expiry_seconds{use="avi"}': f"{15 * DAY}x90",
            'akoo_certificate_expiry_seconds{use="vault"}': " ".join(["+Inf"] * 91),
        },
        labels={"use": "avi"},
        minute=80,
    ),
    "AkooQueueSlow": Case(
        firing=_queue("0+30x90"), quiet=_queue("0+60x90"), labels={"name": "record"}
    ),
    "AkooVerbsFail": Case(
        firing=_verbs("0+1x90", "timeout"),
        quiet=_verbs("3x90", "timeout") | _verbs("0+1x90", "wait"),
        labels={"verb": "sweep", "plugin": "avi"},
    ),
    "AkooLeavingStuck": Case(
        firing={"akoo_leaving_oldest_start_seconds": "600x90"},
        quiet={
            'akoo_leaving_oldest_start_seconds{instance="a"}': "0x90",
            'akoo_leaving_oldest_start_seconds{instance="b"}': "2400x90",
        },
        labels={},
    ),
    "AkooLeaked": Case(
        firing={'akoo_leaked{reason="Deadline"}': "1x90"},
        quiet={'akoo_leaked{reason="Deadline"}': "0x90", 'akoo_leaked{reason="UserWord"}': "1x90"},
        labels={"reason": "Deadline"},
    ),
    "AkooRemovalHeld": _held("RemovalHeld"),
    "AkooWorkloadUnreachable": _reason("WorkloadUnreachable"),
    "AkooNotReady": _reason("NetworkNotFound", "CredentialRefused"),
    "AkooAkoCrashing": _reason("AkoCrashing", "AkoRestarted"),
    "AkooAviUnreachable": _held("ControllerUnreachable"),
    "AkooAviCredentialRefused": _reason("CredentialRefused"),
    "AkooAviRightsMissing": _held("NoSight"),
    "AkooOwnershipUnclear": _held("ClaimLost"),
    "AkooForeignReference": _held("ForeignReference"),
    "AkooVirtualServicesDown": _reason("NoServiceEngine"),
    "AkooAddressesLow": Case(firing=_addresses(9), quiet=_addresses(10), labels={"pool": "edge"}),
    "AkooAddressesExhausted": Case(
        firing=_addresses(0), quiet=_addresses(1), labels={"pool": "edge"}
    ),
    "AkooStoreUnreachable": _reason("StoreSealed"),
    "AkooStoreRefuses": _reason("StoreDenied"),
    "AkooCredentialOld": Case(
        firing=_age(41), quiet=_age(100, every=90), labels={"config": "gold"}, minute=80
    ),
    "AkooRotationDelayed": _reason("PickupTimeout", "PickupAwaited"),
    "AkooVCenterUnreachable": _reason("Unreachable", "Drifted", "akoo_vsphere_not_ready"),
    "AkooVCenterRefuses": _reason("LoginRejected", "Drifted", "akoo_vsphere_not_ready"),
    "AkooPortGroupNotReady": _reason("VlanInUse", "TaskRunning", "akoo_vsphere_not_ready"),
    "AkooPortGroupStays": Case(
        firing={'akoo_vsphere_port_groups{condition="Held"}': "1x90"},
        quiet={
            'akoo_vsphere_port_groups{condition="Held"}': "0x90",
            'akoo_vsphere_port_groups{condition="Ready"}': "5x90",
        },
        labels={},
        minute=80,
    ),
}
