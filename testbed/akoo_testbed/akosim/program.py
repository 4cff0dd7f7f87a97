"""AKO's life from the start of its container to its end."""

import asyncio
import dataclasses

from akoo_testbed import waiting
from akoo_testbed.akosim import (
    avi,
    boot,
    config,
    counts,
    cutoff,
    deletion,
    infra,
    life,
    syncing,
    versions,
    watching,
)
from akoo_testbed.akosim.config import CONFIG_MAP, Config
from akoo_testbed.akosim.objects import rules
from akoo_testbed.kubeapi import Object
from akoo_testbed.kubelet import events
from akoo_testbed.kubelet.options import AkoFault
from akoo_testbed.kubelet.program import Container, Exit

_INFORMER_SECONDS = 1.0
"""Between two tries of a list that cannot be decoded."""
KILLED = 137
"""Exit code of a container that its liveness probe kills."""


async def akosim(container: Container) -> Exit:
    """Be AKO until something ends it. A `Program` of the fake kubelet."""
    namespace = container.pod["metadata"]["namespace"]
    config_map = await container.api.find("v1/ConfigMap", namespace, CONFIG_MAP)
    if config_map is None:
        return Exit(1, f"ConfigMap {CONFIG_MAP} not found")
    server = await container.api.request("GET", "/version")
    image = str(container.pod["spec"]["containers"][0].get("image", ""))
    if problem := versions.kubernetes_problem(image, str(server.get("minor"))):
        await events.event(container, "AKOShutdown", problem, "Warning")
        return Exit(1, problem)
    secret = await container.api.find("v1/Secret", namespace, watching.AVI_SECRET)
    if secret is None:
        return Exit(KILLED, f"Secret {watching.AVI_SECRET} not found")
    settings = config.parse(config_map.get("data") or {}, namespace)
    if seconds := container.switches.current.ako_full_sync_seconds:
        settings = dataclasses.replace(settings, full_sync_seconds=seconds)
    counts.count(settings.cluster, starts=1)
    access = avi.access(settings.controller, secret)
    if access.problem:
        await events.event(container, "AKOShutdown", access.problem, "Warning")
        return Exit(1, access.problem)
    if AkoFault.WRONG_PASSWORD in container.switches.current.ako_faults:
        access = dataclasses.replace(access, password=f"{access.password}-wrong", token="")
    container.up.set()
    client = avi.Avi(access, settings.tenant, settings.cluster)
    try:
        return await _live(container, client, settings, config_map, secret)
    finally:
        await client.close()


async def _begin(container: Container) -> None:
    """Go on from checked settings to work; lasts as long as something keeps AKO from it."""
    await events.event(container, "ValidatedUserInput", "the settings were checked")
    await container.switches.until(lambda options: AkoFault.HANGS not in options.ako_faults)
    await waiting.until(
        lambda: rules.can_list(container.api),
        title="a list of L4Rules",
        seconds=float("inf"),
        every=_INFORMER_SECONDS,
    )


async def _live(
    container: Container, client: avi.Avi, settings: Config, config_map: Object, secret: Object
) -> Exit:
    try:
        await client.start()
        await boot.check_controller(client)
        groups = await infra.se_groups(container.api)
        uuids = await boot.validate(client, settings, groups)
        await _begin(container)
        hands = syncing.Hands(client, settings)
        async with watching.View(container.api, settings.namespace, config_map, secret) as view:
            ako = life.Ako(container, hands, uuids, view)
            try:
                return await ako.run()
            except rules.PanicError as error:
                return Exit(2, f"panic: {error}")
            except asyncio.CancelledError:
                if AkoFault.CUT_OFF in container.switches.current.ako_faults:
                    cutoff.begin(client.twin(), settings, ako.wanted, container.switches.current)
                raise
    except boot.SyncDisabledError as error:
        await events.event(container, "SyncDisabled", str(error), "Warning")
        return Exit(0, str(error))
    except boot.FatalError as error:
        await events.event(container, "AKOShutdown", str(error), "Warning")
        return Exit(1, str(error))
    except boot.KilledError as error:
        return Exit(KILLED, f"liveness probe failed: {error}")
    except avi.AviError as error:
        return Exit(KILLED, f"liveness probe failed: Avi answers {error}")
    except avi.UNREACHABLE as error:
        return Exit(KILLED, f"liveness probe failed: no answer from Avi ({type(error).__name__})")
    except deletion.DiedError:
        return Exit(KILLED, "killed in the middle of the deletion")
