"""Which requests are sent a second time. Pure; everything else is for callers, with backoff.

- A GET whose connection was lost is sent once more, if time is left: it changes nothing.
- Any request that was refused for its session (401, 419) is sent once more after one new login:
  it was not executed.
- Nothing else: a write that was sent may have had its effect.
"""

from __future__ import annotations

from akoo_avi.client import calls

SESSION_REFUSED = frozenset({401, 419})
MIN_SECONDS = 0.05
"""With less time left a request is not begun."""


def after_loss(call: calls.Call, lost: calls.LostError, *, before: int, seconds: float) -> bool:
    """Whether to send ``call`` again after its answer was lost; ``before``: earlier losses."""
    return not call.writes and lost.sent and before == 0 and seconds >= MIN_SECONDS


def after_refusal(*, before: int) -> bool:
    """Whether a new login may help; ``before``: refusals that this request met already."""
    return before == 0
