"""What the fake kubelet and AKO's stand-in can be told, at the start and at run time."""

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
    """How AKO's deletion of its objects ends (annotation AviObjectDeletionStatus)."""

    DONE = "done"
    TIMEOUT = "timeout"
    NEVER = "never"


@dataclasses.dataclass(frozen=True, slots=True)
class KubeletOptions:
    """Settings of a `FakeKubelet`."""

    start_seconds: float = 0.0
    """From the binding of a Pod to its containers running."""

    termination_seconds: float = 0.0
    """From the deletion of a Pod to its end; its own grace period is the upper limit."""

    restart_seconds: float = 0.25
    """Back-off before a container that ended is started again; doubles up to 40 times this."""

    ako_answer: AkoAnswer = AkoAnswer.DONE
    """What AKO reports in the end after deleteConfig was set; never: `Started` stays."""

    ako_seconds: float = 0.2
    """From `Started` to AKO's answer."""


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
