"""The points at which an operator is killed: classes of calls, in the order of a cluster's life."""

from __future__ import annotations

from typing import NamedTuple

from tests.fire import fire_journal, fire_laws
from tests.fire.fire_journal import Call


class Point(NamedTuple):
    """A class of calls."""

    name: str
    match: fire_journal.Match
    early: bool = False
    """Still while the cluster comes to life."""

    def __str__(self) -> str:
        return self.name


def _stores(*path: str) -> fire_journal.Match:
    return lambda call: fire_laws.record_patch(call, *path)


def _outside(method: str, kind: str) -> fire_journal.Match:
    def match(call: Call) -> bool:
        return (call.system, call.method) == ("outside", method) and call.path.startswith(
            f"/{kind}/"
        )

    return match


def _workload(end: str, *, apply: bool, having: str = "") -> fire_journal.Match:
    def match(call: Call) -> bool:
        return (
            (call.system, call.method) == ("workload", "PATCH")
            and call.path.endswith(end)
            and call.content_type.startswith("application/apply-patch") is apply
            and having.encode() in call.body
        )

    return match


def _creates_record(call: Call) -> bool:
    return call.method == "POST" and fire_laws.is_record(call)


def _holds_config(call: Call) -> bool:
    """A record is created with its finalizer; the config gets one by a patch."""
    named = "/akodeploymentconfigs/" in call.path
    return call.method == "PATCH" and named and isinstance(call.sent, list)


def _says_status(call: Call) -> bool:
    return fire_laws.is_record(call) and call.path.endswith("/status")


LIVES = (
    Point("create the record", _creates_record, early=True),
    Point("finalizer on the config", _holds_config, early=True),
    Point("finalizer on the Cluster", fire_laws.holds, early=True),
    Point("store the intents", _stores("intents"), early=True),
    Point("make the claim outside", _outside("POST", "claims"), early=True),
    Point("make the account outside", _outside("POST", "accounts"), early=True),
    Point("store who answers", _stores("workload"), early=True),
    Point("store the inventory", _stores("inventory"), early=True),
    Point("apply the Namespace", _workload("/namespaces/avi-system", apply=True), early=True),
    Point("apply the Secret", _workload("/secrets/avi-secret", apply=True), early=True),
    Point("apply the StatefulSet", _workload("/statefulsets/ako", apply=True), early=True),
    Point("say the status", _says_status, early=True),
)
LEAVES = (
    Point("begin to leave", _stores("leaving", "startedAt")),
    Point("ask AKO to clean up", _workload("/avi-k8s-config", apply=False, having="deleteConfig")),
    Point("store what AKO said", _stores("leaving", "drainedAt")),
    Point("revoke the account", _outside("DELETE", "accounts")),
    Point("scale AKO to 0", _workload("/statefulsets/ako", apply=False, having='"replicas":0')),
    Point("store the fence", _stores("leaving", "fence")),
    Point("sweep an object", _outside("DELETE", "objects")),
    Point("store the proof", _stores("leaving", "proof")),
    Point("store that it is let go", _stores("leaving", "letGo")),
    Point("finalizer off the Cluster", fire_laws.lets_go),
    Point("give the claim back", _outside("DELETE", "claims")),
    Point("finish the record", _stores("finishedAt")),
)
ALL = (*LIVES, *LEAVES)


def named(name: str) -> Point:
    """The point of that name."""
    return next(point for point in ALL if point.name == name)
