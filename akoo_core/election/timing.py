"""The times of an election."""

from __future__ import annotations

from akoo_core import errors, structs

ACQUIRE_JITTER = 0.2
"""Share added at random between two tries to acquire, so that candidates do not collide."""


class Timing(structs.Struct, frozen=True, kw_only=True):
    """All in seconds. ``check`` refuses times that do not fit together.

    They are longer than client-go's (15, 10, 2), because blocking SDKs run in threads that nobody
    can cancel: every call that was started under the guard ends before the lease runs out.
    """

    lease: float = 60.0
    """Seconds after the last visible renewal in which no other takes over."""
    renew_deadline: float = 20.0
    """Seconds after its last renewal before a leader gives up."""
    retry: float = 2.0
    """Seconds between two tries to acquire or to renew."""

    def check(self) -> None:
        """Raises InputError."""
        if self.lease < self.renew_deadline + 1.0 or self.lease != int(self.lease):
            raise errors.InputError(
                f"lease ({self.lease:g} s) must be whole seconds and at least one second longer "
                f"than the renew deadline ({self.renew_deadline:g} s)"
            )
        if self.retry <= 0 or self.renew_deadline <= self.retry * (1.0 + ACQUIRE_JITTER):
            raise errors.InputError(
                f"the renew deadline ({self.renew_deadline:g} s) must be longer than 1.2 times "
                f"the retry period ({self.retry:g} s), which must be positive"
            )
