"""AKO deletes what it made: in what order, and when it says what."""

import asyncio
import collections.abc
import enum
import logging

from akoo_testbed.akosim import avi, report
from akoo_testbed.akosim.objects import planning
from akoo_testbed.akosim.objects.maker import BootUuids
from akoo_testbed.akosim.objects.planning import Operation, Tree
from akoo_testbed.akosim.retries import FIRST_RETRY_SECONDS, SLOW_RETRY_SECONDS
from akoo_testbed.akosim.syncing import Hands
from akoo_testbed.kubelet.options import AkoFault
from akoo_testbed.kubelet.program import Container

log = logging.getLogger(__name__)

_LEFT = frozenset({"vsvip", "pool", "sslkeyandcertificate"})
"""Kinds that AKO with the fault leaves-things does not delete."""


class DiedError(Exception):
    """The fault dies-mid-deletion."""


class Outcome(enum.Enum):
    """The result of deleting a tree."""

    GONE = "gone"
    """Its virtual services are; what else was refused for good stays, and AKO does not mind."""
    AGAIN = "again"
    STUCK = "stuck"
    """A virtual service was refused for good: AKO waits for it in vain."""


class Deletion:
    """One deletion. `whole` as after a live flip; else only the trees, as at a start."""

    def __init__(
        self, container: Container, hands: Hands, uuids: BootUuids, *, whole: bool, had_models: bool
    ) -> None:
        self._container = container
        self._hands = hands
        self._uuids = uuids
        self._whole = whole
        self._had_models = had_models

    async def run(self) -> None:
        """Delete, and report in the end; returns when AKO listens again.

        Raises KilledError when Avi refuses the login, and DiedError.
        """
        try:
            async with asyncio.timeout(self._container.switches.current.ako_timeout_seconds):
                if self._whole and not self._had_models:
                    await report.finished(self._container, "Done")
                    await _for_ever()
                await self._delete()
        except TimeoutError:
            await report.finished(self._container, "Timeout")
        if self._whole and self._hands.config.routes and not self._leaves:
            await self._take_label()

    async def _delete(self) -> None:
        """Returns when AKO was told that it is done; where nobody tells it, never."""
        trees = planning.trees(self._hands.observed)
        cleared = bool(trees) and await self._clear(trees)
        if cleared:
            await report.finished(self._container, "Done")
        if self._whole:
            wrote = await self._clear_rest()
            if wrote and not cleared and not planning.trees(self._hands.observed):
                await report.finished(self._container, "Done")
                cleared = True
        if not cleared:
            await _for_ever()

    async def _clear(self, trees: list[Tree]) -> bool:
        """Delete trees until none is worth another try; whether all virtual services are gone."""
        delay = FIRST_RETRY_SECONDS
        stuck = False
        while trees:
            again = []
            for tree in trees:
                outcome = await self._clear_tree(tree)
                stuck = stuck or outcome is Outcome.STUCK
                if outcome is Outcome.AGAIN:
                    again.append(tree)
                elif self._whole and self._has(AkoFault.DIES_MID_DELETION):
                    raise DiedError
            if again:
                await asyncio.sleep(delay)
                delay = min(2 * delay, SLOW_RETRY_SECONDS)
            trees = again
        return not stuck

    async def _clear_tree(self, tree: Tree) -> Outcome:
        outcome = Outcome.GONE
        for operation in self._allowed(tree.deletes):
            try:
                error = await self._hands.attempt(operation)
            except avi.UNREACHABLE:
                return Outcome.AGAIN
            if error and error.is_worth_retrying:
                return Outcome.AGAIN
            if error and operation.key.kind == "virtualservice":
                outcome = Outcome.STUCK
        return outcome

    async def _clear_rest(self) -> bool:
        """VIPs that no virtual service uses, and routes; whether routes were written."""
        prefix = self._hands.config.prefix
        left = [f for f in self._hands.observed.values() if f.key.kind == "vsvip"]
        own = [planning.delete(f) for f in left if f.key.name.startswith(prefix)]
        try:
            await self._hands.perform(self._allowed(own))
            if self._hands.config.routes and not self._leaves:
                return await self._hands.write_routes(self._uuids.vrf, [])
        except (avi.AviError, *avi.UNREACHABLE) as error:
            log.info("routes stay: %s", type(error).__name__)
        return False

    def _allowed(self, operations: collections.abc.Iterable[Operation]) -> list[Operation]:
        return [o for o in operations if not (self._leaves and o.key.kind in _LEFT)]

    async def _take_label(self) -> None:
        """The SE group's label goes last, after the report."""
        try:
            await self._hands.take_label(self._uuids.se_group)
        except (avi.AviError, *avi.UNREACHABLE) as error:
            log.info("the label of SE group %s stays: %s", self._uuids.se_group, error)

    @property
    def _leaves(self) -> bool:
        return self._has(AkoFault.LEAVES_THINGS)

    def _has(self, fault: AkoFault) -> bool:
        return fault in self._container.switches.current.ako_faults


async def _for_ever() -> None:
    await asyncio.Event().wait()
