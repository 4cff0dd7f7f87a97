"""AKO on a machine that nobody reaches any more: it goes on re-creating what it knew of.

Such a life belongs to no container. It ends after a time, when Avi refuses its login, or by `end`.
"""

import asyncio
import collections.abc
import contextlib
import logging

from akoo_testbed.akosim import avi, boot
from akoo_testbed.akosim.config import Config
from akoo_testbed.akosim.objects import planning
from akoo_testbed.akosim.objects.model import Wanted
from akoo_testbed.akosim.retries import Retries
from akoo_testbed.akosim.syncing import Hands
from akoo_testbed.kubelet.options import KubeletOptions

log = logging.getLogger(__name__)

_running: set[asyncio.Task[None]] = set()


def begin(
    client: avi.Avi,
    config: Config,
    wanted: collections.abc.Sequence[Wanted],
    options: KubeletOptions,
) -> None:
    """Go on with what was wanted last, at every full sync, for `ako_cut_off_seconds`."""
    task = asyncio.create_task(outlive(client, config, wanted, options.ako_cut_off_seconds))
    _running.add(task)
    task.add_done_callback(_running.discard)


def count() -> int:
    """The number of such lives."""
    return len(_running)


async def end() -> None:
    """End all such lives of this event loop."""
    own = [task for task in _running if task.get_loop() is asyncio.get_running_loop()]
    for task in own:
        task.cancel()
    await asyncio.gather(*own, return_exceptions=True)


async def _once(hands: Hands, config: Config, wanted: collections.abc.Sequence[Wanted]) -> bool:
    """Make what is missing; whether nothing is left for another try."""
    try:
        await hands.observe()
        return await hands.perform(planning.plan(wanted, hands.observed))
    except (avi.AviError, *avi.UNREACHABLE) as error:
        log.info("cut off from %s: %s", config.cluster, type(error).__name__)
        return False


async def outlive(
    client: avi.Avi, config: Config, wanted: collections.abc.Sequence[Wanted], seconds: float
) -> None:
    """Go on so for that long, or until Avi refuses the login; close the client then."""
    hands = Hands(client, config)
    retries = Retries(asyncio.get_running_loop().time)
    try:
        with contextlib.suppress(TimeoutError, boot.KilledError):
            async with asyncio.timeout(seconds):
                while True:
                    retries.note(complete=await _once(hands, config, wanted))
                    await asyncio.sleep(min(config.full_sync_seconds or seconds, retries.seconds))
    finally:
        await client.close()
