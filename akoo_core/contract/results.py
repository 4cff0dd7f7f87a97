"""Answers of verbs. The core checks every value of an answer against the types here."""

from __future__ import annotations

from typing import Annotated

from akoo_core import structs
from akoo_core.contract.facts import Fact
from akoo_core.objects import record

LONGEST_SECONDS = 7 * 86400.0


Seconds = Annotated[float, structs.Meta(ge=0, le=LONGEST_SECONDS)]
"""A finite number of seconds, at most a week."""


Number = Annotated[int, structs.Meta(ge=0)]


class Notice(structs.Struct, frozen=True, kw_only=True):
    """A thing that happened once, for an Event about the record and its Cluster.

    It is sent with the write that stores the answer. A plugin whose answer was not stored gives it
    again, with the same ``message``: the same message of the same reason is sent once in a row.
    """

    reason: str
    """CamelCase."""
    message: str


class Done(structs.Struct, frozen=True, kw_only=True):
    """This verb has nothing more to do for now.

    ``facts`` replace all earlier facts of this plugin. ``message`` is shown in its condition.
    ``version`` (observe only) is the version of the software in the workload cluster.
    """

    facts: tuple[Fact, ...] = ()
    declines: tuple[str, ...] = ()
    """prepare, observe: names of facts that this plugin provides, and will not give for this
    cluster. The core drops them where they were given before, and nobody waits for them. A later
    answer that gives the fact, or a Wait or Blocked of prepare, withdraws that."""
    message: str = ""
    notices: tuple[Notice, ...] = ()
    """prepare, observe: things that happened, each an Event."""
    version: str = ""
    recheck_seconds: Seconds | None = None
    """observe: the time until the next call. Default: the engine's resync interval."""
    consumed: tuple[str, ...] = ()
    """prepare, observe: names of annotations of ``view.annotations`` that are handled. The write
    that stores the facts of this answer removes them, unless they have another value by then. A
    process that dies before that write has them seen again: handle each so that twice is once."""


class Wait(structs.Struct, frozen=True, kw_only=True):
    """The verb is not ready yet. It is called again after ``after`` seconds or on a change."""

    reason: str
    message: str
    after: Seconds
    expected_seconds: Seconds = 60.0
    """The usual duration at most. An Event warns people only after that."""
    left: Number | None = None
    """Own objects still outside, if this verb knows (column LEFT)."""
    version: str = ""
    facts: tuple[Fact, ...] = ()
    """prepare, observe: facts that are stored beside the earlier ones. A verb that may touch a
    thing only once its intent names it gives a fact, and intend makes an intent of it before the
    next call."""
    consumed: tuple[str, ...] = ()
    """As in Done."""


class Blocked(structs.Struct, frozen=True, kw_only=True):
    """A person must act; ``message`` says who, where and what. The verb is called again later."""

    reason: str
    message: str
    after: Seconds = 300.0


class Fenced(structs.Struct, frozen=True, kw_only=True):
    """The certainty that this AKO cannot write any more. The strongest among plugins counts.

    A plugin that has answered it has finished. Unfenced is asked again, and nothing waits for it.
    """

    grade: record.FenceGrade
    evidence: str
    settle_seconds: Annotated[int, structs.Meta(ge=0, le=int(LONGEST_SECONDS))] = 0
    """Unfenced only: the longest pause of this AKO between two writes (its full sync). The core
    counts again after that, and after five minutes at least."""
    notices: tuple[Notice, ...] = ()
    """Things that happened, each an Event."""


class Proof(structs.Struct, frozen=True, kw_only=True):
    """The counts of verify. Clean when own and held are 0; suspects are shown, never deleted."""

    own: Number
    suspect: Number = 0
    held: Number = 0
    queries: tuple[str, ...] = ()
    held_by: str = ""
    """The names of objects that refer to the held ones."""
    suspects: tuple[str, ...] = ()
    """Each suspect by name, with the mark that it lacks. The record keeps the first of them."""
    unseen: tuple[str, ...] = ()
    """Things that may be left and that nobody looked for, one sentence each. With any, the clean-up
    is not proven: the Cluster is let go as ``Counted``, and ``CleanupProven`` stays Unknown."""


class Unverified(structs.Struct, frozen=True, kw_only=True):
    """The answer of a verify that could not see enough (``NoSight``). Never counts as clean."""

    reason: str
    message: str
    after: Seconds = 60.0


Result = Done | Wait | Blocked
