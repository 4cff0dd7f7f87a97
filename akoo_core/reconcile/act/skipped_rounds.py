"""Which rounds of the lives verbs need not be made again, since all that they saw is the same.

A round that found everything well and wrote nothing stands until the time at which it asked to be
looked at again. Until then a change leads to another round only if it changes what a round goes by:

- the record's spec, the config's spec, the Cluster's spec, identity, and whether it can be reached;
- what ``intend``, ``contribute`` and ``secret_references`` answer, which see labels, annotations
  and status too: a label that changes no answer means nothing to anybody;
- the Secrets that the plugins name, and the kubeconfig: which state of each the caches show.

Where one of these cannot be told, nothing stands. What is decided, and what is said in the record
and on the Cluster, does not come from here: that is done anew in every attempt.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from akoo_core import clock as clock_
from akoo_core import structs
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.status.findings import Report

_IDENTITY = ("name", "namespace", "uid", "ownerReferences", "deletionTimestamp")


class _Round(NamedTuple):
    digest: bytes
    report: Report
    due: float


class Rounds:
    """The rounds that stand, by record. In memory: a new process makes each of them once."""

    def __init__(self, clock: clock_.Clock) -> None:
        self._clock = clock
        self._standing: dict[str, _Round] = {}

    def note(self, attempt: Attempt) -> None:
        """A round has ended in which nothing was written."""
        report = attempt.report
        well = report.lived and all(plugin.status == "True" for plugin in report.plugins.values())
        if not well or attempt.failed or not report.after:
            return
        seen = digest(attempt)
        if seen is not None:
            due = self._clock.monotonic() + min(report.after)
            self._standing[attempt.name] = _Round(seen, report, due)

    def standing(self, attempt: Attempt) -> Report | None:
        """What the last round found, if this attempt would make the same one; else it is gone."""
        last = self._standing.pop(attempt.name, None)
        now = self._clock.monotonic()
        if last is None or now >= last.due or digest(attempt) != last.digest:
            return None
        self._standing[attempt.name] = last
        return dataclasses.replace(
            last.report, plugins=dict(last.report.plugins), after=[last.due - now]
        )

    def forget(self, name: str) -> None:
        """The next attempt makes its round."""
        self._standing.pop(name, None)


def digest(attempt: Attempt) -> bytes | None:
    """All that a round goes by; None where it cannot be told. Pure but for the caches it asks."""
    pure = _pure_answers(attempt)
    if pure is None:
        return None
    versions = _secret_versions(attempt, pure)
    if versions is None:
        return None
    target, config = attempt.cluster, attempt.config
    seen = [
        attempt.one.spec,
        [config.uid, config.raw.get("spec")] if config is not None else None,
        [_without_notes(target.raw), target.connectable] if target is not None else None,
        pure,
        versions,
    ]
    try:
        return hashlib.sha256(structs.encode_json(seen)).digest()
    except (TypeError, ValueError, RecursionError):
        return None  # Something in it cannot be written down, so it cannot be compared either.


def _pure_answers(attempt: Attempt) -> list[Any] | None:
    call = attempt.services.caller.call_pure
    answers: list[Any] = []
    for plugin in attempt.services.plugins.ordered:
        try:
            view = attempt.view(plugin)
            answers.append(
                [
                    call("intend", plugin, view),
                    call("contribute", plugin, view),
                    call("secret_references", plugin, view),
                ]
            )
        except (VerbError, structs.DecodeError):
            return None
        if any(isinstance(one, api.Blocked | api.Wait) for one in answers[-1]):
            return None
    return answers


def _secret_versions(attempt: Attempt, pure: list[Any]) -> list[str] | None:
    needed = set(_secrets_named(pure))
    target = attempt.cluster
    if target is not None:
        needed.add((target.namespace, names.kubeconfig_secret_name(target.name)))
    versions: list[str] = []
    for one in sorted(needed):
        version = attempt.services.secret_version(*one)
        if version is None:
            return None
        versions.append(version)
    return versions


def _secrets_named(pure: list[Any]) -> Iterator[tuple[str, str]]:
    """(namespace, name), by the plugins' own word and by what they contribute."""
    for _, contribution, references in pure:
        yield from references or ()
        for secret in contribution.secrets if contribution is not None else ():
            for source in secret.data.values():
                if source.name:
                    yield source.namespace, source.name


def _without_notes(raw: structs.JSON) -> structs.JSON:
    """The Cluster without what plugins are asked about: labels, annotations, finalizers, status."""
    identity = {name: raw["metadata"].get(name) for name in _IDENTITY}
    return {"metadata": identity, "spec": raw.get("spec")}
