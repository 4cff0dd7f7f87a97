"""The kinds of objects, as tables by area; see `schema` for how to read them.

A new kind is a row here. Messages that nobody needs to look into are `any`.
"""

from akoo_testbed.avisim.kinds import (
    accounts,
    infrastructure,
    policies,
    profiles,
    services,
    shared,
    system,
)

TABLES = (
    shared.TABLE,
    accounts.TABLE,
    infrastructure.TABLE,
    services.TABLE,
    policies.TABLE,
    profiles.TABLE,
    system.TABLE,
)
