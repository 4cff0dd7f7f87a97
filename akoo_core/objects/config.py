"""The core's slice of an AKODeploymentConfig: selection and policies.

Everything else in the object belongs to plugins, which decode their own slices. Decoding is
tolerant; absent, null and empty mean the same. The default of each field is the harmless choice.
"""

from __future__ import annotations

import datetime
import functools
import re
from typing import Any, Literal

from akoo_core import structs
from akoo_core.objects.conditions import Condition

OnUnmatch = Literal["Orphan", "Remove"]
OnDeadline = Literal["LetGo", "Hold"]
DurationField = Literal["deadline", "drain_timeout", "quiet_period"]

LONGEST = datetime.timedelta(days=366)
"""Longest duration: a year added to any current time is still a valid time."""
_SHAPE = re.compile(r"([0-9]{1,4}h)?([0-9]{1,6}m)?([0-9]{1,8}s)?")
"""As many digits as the rule of the CRD allows."""
_DURATION = re.compile(r"(?P<amount>[0-9]+)(?P<unit>h|m|s)")
_UNITS = {"h": 3600, "m": 60, "s": 1}


@functools.lru_cache(maxsize=256)
def parse_duration(text: str) -> datetime.timedelta:
    """``1h30m``, ``45s``: Go's way to write durations, whole numbers of h, m, s; at most LONGEST.

    Raises structs.DecodeError for anything else.
    """
    if not text or not _SHAPE.fullmatch(text):
        shown = text if len(text) <= 40 else f"{text[:37]}..."
        problem = f"{shown!r} is not a duration such as 30s, 10m or 1h30m, and at most 8784h"
        raise structs.DecodeError("", problem)
    seconds = sum(int(m["amount"]) * _UNITS[m["unit"]] for m in _DURATION.finditer(text))
    duration = datetime.timedelta(seconds=seconds)
    if duration > LONGEST:
        raise structs.DecodeError("", f"{text!r} is longer than 8784h")
    return duration


class Policies(structs.Struct, frozen=True, kw_only=True):
    """Policies of leaving. They are copied into the record, since the ADC may be gone by then.

    Durations are text (``10m``), as in the ADC.
    """

    on_unmatch: OnUnmatch = "Orphan"
    """Reaction when no ADC matches any more: leave everything in place, or remove AKO."""
    on_deadline: OnDeadline = "LetGo"
    """Reaction when the deadline passes with objects left: let the Cluster go (Leaked), or hold
    it."""
    deadline: str = "1h"
    drain_timeout: str = "10m"
    quiet_period: str = "30s"

    def duration(self, field: DurationField) -> datetime.timedelta:
        """The value of ``field``, or its default where the text is no duration: no wrong text in a
        record may keep a Cluster for ever."""
        try:
            return parse_duration(getattr(self, field))
        except structs.DecodeError:
            return parse_duration(getattr(_DEFAULTS, field))


_DEFAULTS = Policies()


class LabelRequirement(structs.Struct, frozen=True, kw_only=True):
    """One matchExpressions entry of a LabelSelector."""

    key: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()


class LabelSelector(structs.Struct, frozen=True, kw_only=True):
    """metav1.LabelSelector. Empty matches everything a caller lets it match."""

    match_labels: dict[str, str] = {}
    match_expressions: tuple[LabelRequirement, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.match_labels and not self.match_expressions


class Config(structs.Struct, frozen=True, kw_only=True):
    """The fields of an AKODeploymentConfig that the core reads."""

    name: str
    uid: str
    created: datetime.datetime
    deleting: bool
    generation: int
    selector: LabelSelector
    priority: int
    policies: Policies
    raw: structs.JSON


class ConfigStatus(structs.Struct, frozen=True, kw_only=True):
    """The core's status of an ADC: its usability, and the number of clusters it serves."""

    observed_generation: int | None = None
    clusters: int | None = None
    """Records that live by it: neither orphaned nor let go."""
    ready: int | None = None
    """Those of them that are Ready."""
    conditions: tuple[Condition, ...] = ()


class _Spec(structs.Struct, frozen=True, kw_only=True):
    cluster_selector: LabelSelector | None = None
    priority: int | None = None
    on_unmatch: OnUnmatch | None = None
    on_deadline: OnDeadline | None = None
    deadline: str | None = None
    drain_timeout: str | None = None
    quiet_period: str | None = None


def from_object(obj: structs.JSON) -> Config:
    """The Config of an ADC as the API sends it. Raises structs.DecodeError with the path."""
    metadata: dict[str, Any] = obj["metadata"]
    spec = structs.convert(obj.get("spec") or {}, _Spec, path="spec")
    policies = {
        name: getattr(spec, name)
        for name in ("on_unmatch", "on_deadline", "deadline", "drain_timeout", "quiet_period")
        if getattr(spec, name)
    }
    return Config(
        name=metadata["name"],
        uid=metadata["uid"],
        created=structs.convert(metadata["creationTimestamp"], datetime.datetime),
        deleting="deletionTimestamp" in metadata,
        generation=metadata.get("generation", 0),
        selector=spec.cluster_selector or LabelSelector(),
        priority=spec.priority or 0,
        policies=Policies(**policies),
        raw=obj,
    )
