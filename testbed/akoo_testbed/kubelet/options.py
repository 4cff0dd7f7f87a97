"""Options of the fake kubelet and of AKO's stand-in, at the start and at run time."""

import dataclasses
import enum
import typing

from akoo_testbed.kubeapi import Object

SWITCH_NAMESPACE = "kube-system"
SWITCH_CONFIG_MAP = "akoo-testbed"
"""ConfigMap in the workload cluster whose keys win over the options while it exists.

Keys are the fields of `KubeletOptions` with `-` for `_`, such as `ako-answer: never`. A value
that cannot be read is ignored, and the option counts.
"""


class AkoAnswer(enum.StrEnum):
    """The end of AKO's deletion of its objects (annotation AviObjectDeletionStatus)."""

    DONE = "done"
    TIMEOUT = "timeout"
    NEVER = "never"


class AkoProgram(enum.StrEnum):
    """The program that runs in AKO's Pod."""

    STAND_IN = "stand-in"
    """`kubelet.ako`: needs no Avi Controller, makes nothing."""
    AKOSIM = "akosim"
    """`akoo_testbed.akosim`: works with the Avi Controller that controllerIP names."""


class AkoFault(enum.StrEnum):
    """Misbehaviour of akosim; the stand-in has none."""

    DIES_MID_DELETION = "dies-mid-deletion"
    """Its container ends after the first virtual service of a live deletion."""
    LEAVES_THINGS = "leaves-things"
    """Says Done and leaves VIPs, pools, certificates, routes, and the SE group's label."""
    IGNORES_DELETE_CONFIG = "ignores-delete-config"
    CUT_OFF = "cut-off"
    """Hears nothing from its cluster, goes on re-creating at every full sync what it knew, and
    does so for `ako_cut_off_seconds` after its Pod or Node is gone."""
    RESTART_STORM = "restart-storm"
    """Its container ends as soon as it is ready for work."""
    HANGS = "hangs"
    """Answers its probe, and does not get past its start as long as this is set."""
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 a name
    """Logs in with a wrong password, from its next start on."""


class AkoFaults(frozenset[AkoFault]):
    """A set of faults, read from text: names separated by commas. ValueError for any other."""

    def __new__(cls, text: str = "") -> typing.Self:
        """Read the text; empty: no faults."""
        return super().__new__(cls, (AkoFault(w.strip()) for w in text.split(",") if w.strip()))


@dataclasses.dataclass(frozen=True, slots=True)
class KubeletOptions:
    """Settings of a `FakeKubelet`."""

    start_seconds: float = 0.0
    """From the binding of a Pod to its containers running."""

    termination_seconds: float = 0.0
    """From the deletion of a Pod to its end; its own grace period is the upper limit."""

    restart_seconds: float = 0.25
    """Back-off before a container that ended is started again; doubles up to 40 times this."""

    probe_seconds: float = 0.25
    """Between two probes of a Pod whose program is a process."""

    ako_answer: AkoAnswer = AkoAnswer.DONE
    """The last report of AKO after deleteConfig was set; never: `Started` stays."""

    ako_seconds: float = 0.2
    """From `Started` to AKO's answer."""

    ako_program: AkoProgram = AkoProgram.STAND_IN
    """The program in AKO's Pod from its container's next start on."""

    ako_faults: AkoFaults = dataclasses.field(default_factory=AkoFaults)
    """akosim's misbehaviour."""

    ako_full_sync_seconds: float = 0.0
    """akosim's full syncs, from its next start on; 0: as its setting fullSyncFrequency says."""

    ako_timeout_seconds: float = 1800.0
    """The time that akosim waits for the end of its deletion before it reports Timeout."""

    ako_cut_off_seconds: float = 60.0
    """The time that an akosim that is cut off outlives its Pod."""


def switched(options: KubeletOptions, config_map: Object | None) -> KubeletOptions:
    """The options with what the ConfigMap of switches says instead; pure."""
    data = (config_map or {}).get("data") or {}
    changes: dict[str, typing.Any] = {}
    for field in dataclasses.fields(KubeletOptions):
        text = data.get(field.name.replace("_", "-"))
        if text is None:
            continue
        try:
            changes[field.name] = type(getattr(options, field.name))(text)
        except ValueError:
            continue
    return dataclasses.replace(options, **changes)
