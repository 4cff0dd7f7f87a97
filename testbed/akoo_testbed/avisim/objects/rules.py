"""Rules of some kinds beyond their table: a rule per kind, called around each write."""

import typing

from akoo_testbed.avisim.objects import schema, store
from akoo_testbed.avisim.requests import context


class Rule:
    """Does nothing; rules override what they need. All may raise RefusedError."""

    def prepare(
        self, ctx: context.Context, data: schema.Json, old: store.Stored | None, body: schema.Json
    ) -> None:
        """Check and complete new content before it is stored. `old` is None for a new object."""

    def created(self, ctx: context.Context, stored: store.Stored) -> None:
        """After a new object was stored."""

    def changed(self, ctx: context.Context, old: store.Stored, new: store.Stored) -> None:
        """After an object was changed."""

    def deleting(self, ctx: context.Context, stored: store.Stored) -> None:
        """Before an object goes, and before its referrers are looked at."""


Rules = typing.Mapping[str, Rule]
NOTHING = Rule()
