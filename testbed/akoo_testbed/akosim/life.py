"""AKO after its start: one thing at a time, whatever happens meanwhile waits."""

import asyncio
import logging

from akoo_testbed.akosim import avi, boot, config, deletion, infra, report, syncing, watching
from akoo_testbed.akosim.objects import planning, routes, rules, status
from akoo_testbed.akosim.objects.desired import desired, served
from akoo_testbed.akosim.objects.maker import BootUuids, Maker
from akoo_testbed.akosim.objects.model import Wanted
from akoo_testbed.akosim.retries import Retries
from akoo_testbed.akosim.world import INGRESS_CLASS
from akoo_testbed.kubelet import events
from akoo_testbed.kubelet.options import AkoAnswer, AkoFault
from akoo_testbed.kubelet.program import Container, Exit

log = logging.getLogger(__name__)


class Ako:
    """Keeps Avi as the cluster wants it, until something ends it."""

    def __init__(
        self, container: Container, hands: syncing.Hands, uuids: BootUuids, view: watching.View
    ) -> None:
        self._container = container
        self._hands = hands
        self._maker = Maker(hands.config, uuids)
        self._view = view
        self._secret = (view.secret or {}).get("data")
        self._deleting = config.delete_config(view.config_map)
        self._had_models = hands.config.routes
        self._leader = ("", "")
        self._next_full = 0.0
        self._clock = asyncio.get_running_loop().time
        self._calls = Retries(self._clock)
        self._statuses = Retries(self._clock)
        """A cluster that does not answer delays what is written there, and nothing on Avi."""
        self._labelled: set[str] = set()
        self.wanted: list[Wanted] = []
        """The objects that it wanted last."""
        self._knows = False
        """It has looked at its cluster since its start: whoever is cut off before has, too."""

    async def run(self) -> Exit:
        """Until something ends it. Raises StoppedError, DiedError, AviError, avi.UNREACHABLE."""
        self._leader = await boot.leader(self._hands.client)
        await self._hands.observe()
        await events.event(self._container, "LeaderElection", "AKO became a leader")
        if self._deleting:
            await events.event(self._container, "AKODeleteConfigSet", "AKO starts with it set")
            await self._delete(whole=False)
        else:
            await report.cleared(self._container)
            await events.event(self._container, "AKOReady", "AKO is listening for objects")
        return await self._work()

    async def _work(self) -> Exit:
        self._plan_full_sync()
        changed = True
        while not self._has(AkoFault.RESTART_STORM):
            self._view.changed.clear()
            if not self._has(AkoFault.CUT_OFF):
                await self._heed()
            if not self._deleting:
                await self._sync(changed=changed)
            await self._pause(self._rest())
            changed = self._view.changed.is_set()
        return Exit(2, "panic: restart storm")

    async def _heed(self) -> None:
        """React to AKO's own ConfigMap and Secret."""
        if self._view.config_map is None:
            raise boot.KilledError(f"ConfigMap {config.CONFIG_MAP} was deleted")
        if not self._deleting and (self._view.secret or {}).get("data") != self._secret:
            raise boot.KilledError(f"Secret {watching.AVI_SECRET} has changed")
        asked = config.delete_config(self._view.config_map)
        if asked == self._deleting or self._has(AkoFault.IGNORES_DELETE_CONFIG):
            return
        if asked:
            await self._begin_deletion()
        else:
            self._deleting = False
            await report.cleared(self._container)
            await events.event(self._container, "AKODeleteConfigUnset", "DeleteConfig unset")
            await self._hands.observe()

    async def _begin_deletion(self) -> None:
        self._deleting = True
        try:
            groups = await infra.se_groups(self._container.api)
            await boot.validate(self._hands.client, self._hands.config, groups)
        except (boot.StoppedError, avi.AviError, *avi.UNREACHABLE) as error:
            # Nothing is deleted and nothing is said, until deleteConfig is set once more.
            log.info("deleteConfig is of no effect: %s", error)
            return
        await report.started(self._container)
        await self._delete(whole=True)

    async def _delete(self, *, whole: bool) -> None:
        """Delete as deleteConfig asks. Whatever comes meanwhile is met afterwards."""
        switches = self._container.switches
        await switches.until(lambda options: options.ako_answer != AkoAnswer.NEVER)
        if switches.current.ako_answer == AkoAnswer.TIMEOUT:
            await asyncio.sleep(switches.current.ako_seconds)
            await report.finished(self._container, "Timeout")
            return
        work = deletion.Deletion(
            self._container,
            self._hands,
            self._maker.uuids,
            whole=whole,
            had_models=self._had_models,
        )
        await work.run()
        self.wanted = []
        await syncing.write_statuses(
            self._container.api, status.cleared(self._hands.config, self._view.world)
        )

    async def _sync(self, *, changed: bool) -> None:
        """Bring Avi and the statuses to what the cluster wants, as far as it is time for that."""
        full = self._clock() >= self._next_full
        if changed or full or not self._calls.waits:
            self._calls.note(complete=await self._bring(full=full))
        silent = self._has(AkoFault.CUT_OFF)
        self._statuses.note(complete=silent or await self._write_statuses())

    async def _bring(self, *, full: bool) -> bool:
        """Bring Avi to what the cluster wants; whether no call is worth another try."""
        try:
            if full:
                await self._full_sync()
            return await self._perform()
        except avi.AviError as error:
            if error.is_login_refused:
                raise
            log.info("sync is not complete: %s", error)
        except avi.UNREACHABLE as error:
            log.info("sync is not complete: %s", type(error).__name__)
        return False

    async def _perform(self) -> bool:
        settings, world = self._hands.config, self._view.world
        if not self._has(AkoFault.CUT_OFF):
            classes = world.all(INGRESS_CLASS)
            await rules.check(self._container.api, world.load_balancers(settings), classes)
            await self._label_groups()
        if not self._knows or not self._has(AkoFault.CUT_OFF):
            self.wanted = desired(settings, self._maker.uuids, world)
            self._knows = True
        self._had_models = self._had_models or bool(self.wanted)
        keep = f"{settings.shared_prefix}Shared-L7-"
        plan = planning.plan(self.wanted, self._hands.observed, keep=keep)
        complete = await self._hands.perform(plan)
        if settings.routes and not self._has(AkoFault.CUT_OFF):
            await self._hands.write_routes(self._maker.uuids.vrf, routes.wanted(settings, world))
        return complete

    async def _label_groups(self) -> None:
        """Label the SE groups that AviInfraSettings name, each once in this life."""
        for name in sorted(await infra.se_groups(self._container.api) - self._labelled):
            await infra.label(self._hands.client, self._hands.config, name)
            self._labelled.add(name)

    async def _write_statuses(self) -> bool:
        world = self._view.world
        hosts = served(self._maker, world)
        writes = status.writes(self._maker, world, self._hands.observed, hosts)
        return await syncing.write_statuses(self._container.api, writes)

    async def _full_sync(self) -> None:
        if await boot.leader(self._hands.client) != self._leader:
            raise boot.KilledError("the Avi Controller has another leader")
        await self._hands.observe()
        self._plan_full_sync()

    def _rest(self) -> float:
        """Seconds until there is something to do though nothing changes."""
        if self._deleting:
            return float("inf")
        full = self._next_full - self._clock()
        return min(full, self._calls.seconds, self._statuses.seconds)

    def _plan_full_sync(self) -> None:
        frequency = self._hands.config.full_sync_seconds or float("inf")
        self._next_full = self._clock() + frequency

    async def _pause(self, seconds: float) -> None:
        """Until something changes, or the time is over."""
        faults = self._container.switches.current.ako_faults
        waits = [
            asyncio.create_task(self._view.changed.wait()),
            asyncio.create_task(
                self._container.switches.until(lambda options: options.ako_faults != faults)
            ),
        ]
        timeout = None if seconds == float("inf") else max(seconds, 0.0)
        try:
            await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    def _has(self, fault: AkoFault) -> bool:
        return fault in self._container.switches.current.ako_faults
