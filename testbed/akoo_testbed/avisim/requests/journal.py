"""The journal: every request, in order, with what it was about and how it was answered."""

import collections
import dataclasses
import fnmatch
import itertools
import typing
from collections.abc import Iterator

from akoo_testbed.avisim import values
from akoo_testbed.avisim.requests import subject

LIMIT = 100_000
"""Entries kept; older ones are dropped."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request. Secrets in `body` are <sensitive>."""

    number: int
    at: float
    subject: subject.Subject
    query: values.Query
    version: str
    """X-Avi-Version as sent."""
    body: typing.Any
    status: int
    """0 if no answer was sent."""
    fault: str = ""
    """The answer or effect of the fault that was met."""

    @property
    def is_write(self) -> bool:
        return self.subject.method not in SAFE_METHODS and self.subject.path.startswith("/api/")

    def __str__(self) -> str:
        about = self.subject
        text = (
            f"{self.number} {about.user or '-'}@{about.tenant or '-'} {about.method} {about.path}"
        )
        text += f" ({about.name})" if about.name else ""
        return f"{text} -> {self.status or 'dropped'}" + (f" [{self.fault}]" if self.fault else "")


class Journal:
    """Entries, oldest first."""

    def __init__(self) -> None:
        self._entries: collections.deque[Entry] = collections.deque(maxlen=LIMIT)
        self._numbers = itertools.count(1)

    def note(
        self,
        at: float,
        about: subject.Subject,
        request: values.Request,
        body: typing.Any,
        response: values.Response,
        fault: str,
    ) -> None:
        """Write an entry."""
        self._entries.append(
            Entry(
                number=next(self._numbers),
                at=at,
                subject=about,
                query=request.query,
                version=request.headers.get("x-avi-version", ""),
                body=subject.redacted(body),
                status=0 if response.drop else response.status,
                fault=fault,
            )
        )

    @property
    def last(self) -> int:
        """Number of the newest entry, 0 if there is none: `entries(since=...)` goes on there."""
        return self._entries[-1].number if self._entries else 0

    def entries(self, *, since: int = 0, writes: bool = False, **wanted: str) -> list[Entry]:
        """Entries after number `since`; `wanted` are patterns for fields of the subject.

        `entries(method="POST", kind="pool", name="shop--*")`.
        """
        return [
            entry
            for entry in self._entries
            if entry.number > since
            and (entry.is_write or not writes)
            and matches(entry.subject, wanted)
        ]

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        self._entries.clear()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)


def matches(about: subject.Subject, wanted: typing.Mapping[str, str]) -> bool:
    """True if the fields of a subject match these patterns (as in a shell)."""
    return all(
        fnmatch.fnmatchcase(getattr(about, name), pattern) for name, pattern in wanted.items()
    )
