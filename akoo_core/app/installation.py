"""One installation acts for a management cluster; a second one says so and acts on nothing.

The order makes it safe. An installation looks for others, takes its own Lease, whose label all can
see, and looks again before it acts. Of two that take their Leases at the same moment, the later
one to look sees the other: both would wait, so the one with the younger Lease ends its process.
"""

from __future__ import annotations

from collections.abc import Callable

from akoo_core import errors
from akoo_core.app import readiness
from akoo_core.clock import Clock
from akoo_core.election import installations
from akoo_core.kube.client import KubeClient
from akoo_core.kube.resource import LEASES

REASON = "SecondInstallation"
CHECK = "only installation"
"""Name of the readiness check."""


class OnlyInstallation:
    """The wait until no other installation acts for the same management cluster.

    ``clock`` must go on while the machine is suspended. ``say`` gets what is waited for, "" at the
    end.
    """

    def __init__(
        self,
        kube: KubeClient,
        known: installations.Installations,
        *,
        management_id: str,
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        self._kube = kube
        self._known = known
        self._selector = (
            f"{installations.MANAGEMENT_LABEL}={installations.label_value(management_id)}"
        )
        self._clock = clock
        self._say = say

    async def alone(self) -> None:
        """Return when no other installation is live. Before our Lease is taken."""
        await readiness.until_ready(self._look, self._say)
        self._say("")

    async def confirm(self) -> None:
        """Return when no other installation is live. Call it while our Lease is held, before
        anything is written.

        Raises LeadershipLostError when another took its Lease at the same moment and is older.
        """
        await readiness.until_ready(self._look_as_holder, self._say)
        self._say("")

    async def _look_as_holder(self) -> None:
        others = await self._others()
        if others and not self._known.oldest(others):
            raise errors.LeadershipLostError(
                f"{_sentence(others[0])} Both started at the same moment, and that Lease is older: "
                "this process ends, and the next one waits"
            )
        _refuse(others)

    async def _look(self) -> None:
        _refuse(await self._others())

    async def _others(self) -> tuple[installations.SeenLease, ...]:
        leases: list[installations.SeenLease] = []
        token = ""
        while True:
            page = await self._kube.list(LEASES, label_selector=self._selector, token=token)
            leases += map(installations.seen, page.items)
            if not page.token:
                break
            token = page.token
        now = self._clock.monotonic()
        self._known.observe(leases, now)
        return self._known.live(now, self._clock.now())


def _refuse(others: tuple[installations.SeenLease, ...]) -> None:
    if others:
        raise errors.PrerequisiteError(
            REASON,
            f"{_sentence(others[0])} This one acts on nothing until that Lease is no longer "
            "renewed. Uninstall one of them",
        )


def _sentence(other: installations.SeenLease) -> str:
    holder = f", held by {other.holder}," if other.holder else ", just released,"
    return (
        f"another akoo-core is installed for this management cluster: Lease {other.namespace}/"
        f"{other.name}{holder} has the same management id."
    )
