"""Rounds of the lives verbs that are skipped, since all their inputs are the same.

A round in which everything was well and nothing was written stands until the time at which it asked
to be looked at again. Until then a change leads to another round only if it changes an input:

- the record's spec, the config's spec, the Cluster's spec, identity, and whether it can be reached;
- the answers of ``intend``, ``contribute`` and ``secret_references``, which see labels, annotations
  and status too: a label that changes no answer changes no input;
- the annotations of the record that are for plugins;
- the state, as the caches show it, of the Secrets that the plugins name and of the kubeconfig.

If any of these is unknown, the round is repeated. Decisions and the status of the record and the
Cluster do not come from here: every attempt makes them anew.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from akoo_core import structs
from akoo_core.clock import Clock
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.reconcile.act import living
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.act.round_deployment import Contributions
from akoo_core.reconcile.status.findings import AttemptReport

_IDENTITY = ("name", "namespace", "uid", "ownerReferences", "deletionTimestamp")


class _StandingRound(NamedTuple):
    digest: bytes
    report: AttemptReport
    due: float


class Rounds:
    """The rounds that stand, by record. In memory: a new process makes each of them once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._standing: dict[str, _StandingRound] = {}

    async def live(self, attempt: Attempt) -> None:
        """Make a round of the lives verbs, unless the last one still stands. Raises KubeError."""
        standing = self.standing(attempt) if attempt.explained else None
        if standing is not None:
            attempt.report = standing
            return
        self.forget(attempt.name)
        spec, written = attempt.spec, len(attempt.writes)
        contributions = await living.live(attempt)
        if attempt.spec == spec and len(attempt.writes) == written:
            self.note(attempt, contributions)

    def note(self, attempt: Attempt, contributions: Contributions) -> None:
        """Remember a round in which nothing was written, and what was contributed in it: its
        inputs are still the same."""
        report = attempt.report
        well = report.lived and all(plugin.status == "True" for plugin in report.plugins.values())
        if not well or attempt.failed or not report.after:
            return
        seen = digest(attempt, contributions)
        if seen is not None:
            due = self._clock.monotonic() + min(report.after)
            self._standing[attempt.name] = _StandingRound(seen, report, due)

    def standing(self, attempt: Attempt) -> AttemptReport | None:
        """The report of the last round, if this attempt would make the same one; else None."""
        last = self._standing.pop(attempt.name, None)
        now = self._clock.monotonic()
        if last is None or now >= last.due or digest(attempt) != last.digest:
            return None
        self._standing[attempt.name] = last
        return dataclasses.replace(
            last.report, plugins=dict(last.report.plugins), after=[last.due - now]
        )

    def forget(self, name: str) -> None:
        """Drop the round that stands: the next attempt makes its own."""
        self._standing.pop(name, None)


def digest(attempt: Attempt, contributions: Contributions | None = None) -> bytes | None:
    """Digest of all inputs of a round; None if one is unknown. Pure but for reads of caches.

    ``contributions`` are the answers of ``contribute`` where they are known; it is the one pure
    verb that takes long.
    """
    pure = _pure_answers(attempt, contributions or {})
    if pure is None:
        return None
    versions = _secret_versions(attempt, pure)
    if versions is None:
        return None
    cluster, config = attempt.cluster, attempt.config
    seen = [
        attempt.spec,
        [config.uid, config.raw.get("spec")] if config is not None else None,
        [_without_notes(cluster.raw), cluster.connectable] if cluster is not None else None,
        pure,
        versions,
    ]
    try:
        return hashlib.sha256(structs.encode_json(seen)).digest()
    except (TypeError, ValueError, RecursionError):
        return None  # An input that cannot be encoded cannot be compared either.


def _pure_answers(attempt: Attempt, known: Contributions) -> list[Any] | None:
    call = attempt.services.caller.call_pure
    answers: list[Any] = []
    for plugin in attempt.services.plugins.ordered:
        try:
            view = attempt.view(plugin)
            answers.append(
                [
                    view.annotations,
                    call("intend", plugin, view),
                    known.get(plugin.name)
                    or call("contribute", plugin, view)
                    or api.Contribution(),
                    call("secret_references", plugin, view),
                ]
            )
        except (VerbError, structs.DecodeError):
            return None
        if any(isinstance(answer, api.Blocked | api.Wait) for answer in answers[-1]):
            return None
    return answers


def _secret_versions(attempt: Attempt, pure: list[Any]) -> list[str] | None:
    needed = set(_secrets_named(pure))
    cluster = attempt.cluster
    if cluster is not None:
        needed.add((cluster.namespace, names.kubeconfig_secret_name(cluster.name)))
    versions: list[str] = []
    for namespace, name in sorted(needed):
        version = attempt.services.secret_version(namespace, name)
        if version is None:
            return None
        versions.append(version)
    return versions


def _secrets_named(pure: list[Any]) -> Iterator[api.SecretPair]:
    """(namespace, name) of the Secrets that the plugins name and contribute."""
    for _, _, contribution, references in pure:
        yield from references or ()
        for secret in contribution.secrets:
            for source in secret.data.values():
                if source.name:
                    yield source.namespace, source.name


def _without_notes(raw: structs.JSON) -> structs.JSON:
    """The Cluster without labels, annotations, finalizers and status, which the pure verbs see."""
    identity = {name: raw["metadata"].get(name) for name in _IDENTITY}
    return {"metadata": identity, "spec": raw.get("spec")}
