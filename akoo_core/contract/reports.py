"""Answers for people at the command line: plan, check and audit."""

from __future__ import annotations

from typing import Literal

from akoo_core import structs

PlannedVerb = Literal["prepare", "sweep"]
"""The verbs that plan is asked about."""


class PlannedAction(structs.Struct, frozen=True, kw_only=True):
    """One action of a verb, or one thing that it keeps, with the reason."""

    action: Literal["create", "change", "delete", "keep"]
    kind: str
    name: str
    where: str = ""
    """Its system, tenant or folder."""
    why: str = ""


class Stray(structs.Struct, frozen=True, kw_only=True):
    """One object outside that carries the marks of a cluster without a living record."""

    owner: str
    """The name in the mark: the cluster that made it."""
    kind: str
    name: str
    where: str = ""
    tenant: str = ""
    age_seconds: float | None = None
    claim: str = ""
    """The claim on that owner: a management id and epoch, or "" for none."""


class Audit(structs.Struct, frozen=True, kw_only=True):
    """The answer of an audit."""

    strays: tuple[Stray, ...] = ()
    unseen: tuple[str, ...] = ()
    """Places that it could not look at, with the reason: one sentence each."""


FindingState = Literal["good", "wrong", "unknown"]
"""unknown: the plugin could not look at it."""


class Finding(structs.Struct, frozen=True, kw_only=True):
    """One answer of check: the state of one thing that the plugin needs."""

    system: str
    """The address of the system outside, or its name."""
    subject: str
    """The thing: an object with the question about it, an account, a network."""
    state: FindingState
    message: str = ""
    """The answer. For any other state than good: the cause, and what to do."""
    version: str = ""
    """The version of the system, where it was read."""
    data: structs.JSON = {}
    """Settings of the thing as they were read, for ``--output json``. Never a secret."""
