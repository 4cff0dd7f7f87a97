"""The outside system of these tests: claims, accounts and objects by the name of their record.

What it is asked is in the gate's journal. A second account of a record, at any time, is a breach:
names derive from the record, so whoever comes after a crash must find what is there.
"""

from __future__ import annotations

from typing import Any

from tests.fire import fire_journal

OBJECTS = ("vs-1", "vs-2")
"""The objects that AKO makes as soon as it has an account; they stay when AKO does not clean up."""

Answer = tuple[int, dict[str, Any]]


class Outside:
    """Its whole state, and all that was ever made in it."""

    def __init__(self) -> None:
        self.claims: set[str] = set()
        self.accounts: set[str] = set()
        self.objects: dict[str, list[str]] = {}
        self.made: list[str] = []
        """``claims/<record>`` and ``accounts/<record>``, in the order in which they were made."""

    @property
    def records(self) -> set[str]:
        """The names of the records of which there is anything."""
        return {*self.claims, *self.accounts, *(name for name, own in self.objects.items() if own)}

    def handle(self, call: fire_journal.Call) -> Answer:
        """Status and body of the answer to ``/<kind>/<record>[/<object>]``."""
        _, kind, record, *rest = call.path.split("/")
        if kind == "objects":
            return self._objects(call.method, record, rest)
        known = {"claims": self.claims, "accounts": self.accounts}[kind]
        if call.method == "GET":
            return (200, {"name": record}) if record in known else (404, {})
        if call.method == "DELETE":
            known.discard(record)
            return 200, {}
        if record in known:
            return 409, {}
        known.add(record)
        self.made.append(f"{kind}/{record}")
        if kind == "accounts":
            self.objects[record] = list(OBJECTS)
        return 201, {"name": record}

    def _objects(self, method: str, record: str, rest: list[str]) -> Answer:
        own = self.objects.setdefault(record, [])
        if method == "DELETE" and rest and rest[0] in own:
            own.remove(rest[0])
        return 200, {"names": sorted(own)}
