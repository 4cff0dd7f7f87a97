"""The times of an election."""

from __future__ import annotations

from akoo_core import errors, structs

ACQUIRE_JITTER = 0.2
"""The share that chance adds between two tries to acquire, so that candidates do not collide."""


class Timing(structs.Struct, frozen=True, kw_only=True):
    """All in seconds. ``check`` says whether they fit together.

    They are longer than client-go's (15, 10, 2), because blocking SDKs run in threads that nobody
    can cancel: whatever was started under the guard has ended before the lease runs out.
    """

    lease: float = 60.0
    """How long nobody else takes over after the last renewal that could be seen."""
    renew_deadline: float = 20.0
    """How long after its last renewal a leader goes on before it gives up."""
    retry: float = 2.0
    """Between two tries to acquire or to renew."""

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
