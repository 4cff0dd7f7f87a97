"""The requests that are sent a second time. Pure; everything else is for callers, with backoff.

- A GET whose connection was lost is sent once more, if time is left: it changes nothing.
- Any request that was refused for its session (401, 419) is sent once more after one new login:
  it was not executed.
- So is a request that was refused for its version (400). A session uses the version that its
  controller had at login, and a rollback leaves the controller an older one. If the new login does
  not help, no other follows within a minute.
- Nothing else: a write that was sent may have had its effect.
"""

from __future__ import annotations

from akoo_avi.client import calls

SESSION_REFUSED = frozenset({401, 419})
VERSION_LOGIN_SECONDS = 60.0
"""Between two logins of one connection because of a version."""
MIN_SECONDS = 0.05
"""With less time left no request begins."""


def after_loss(call: calls.AviCall, lost: calls.LostError, *, before: int, seconds: float) -> bool:
    """``call`` may be sent again after its answer was lost; ``before``: earlier losses."""
    return not call.writes and lost.sent and before == 0 and seconds >= MIN_SECONDS
