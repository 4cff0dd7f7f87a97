"""Runs the sandbox from start to end: bed, operator, story, traces; then it keeps running."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import functools
import json
import pathlib
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from akoo_testbed.bed import Bed, BedOptions
from akoo_testbed.building import build, recipes
from akoo_testbed.kubelet.options import AkoProgram, KubeletOptions
from akoo_testbed.provider.options import ProviderOptions

import akoo_core
from akoo_core import external, settings
from akoo_core.kube import transport
from akoo_core.kube.access import config
from akoo_core.manifests import packaged
from akoo_core.plugin_host import loader
from akoo_core.sandbox import (
    avi,
    chapters,
    clusters,
    demo,
    display,
    install,
    invitation,
    look,
    process,
    spans,
    story,
)
from akoo_core.sandbox.stage import SandboxStage
from akoo_core.testing.chapters import Chapter
from akoo_core.traces import jaeger, life

MANAGEMENT = "kubernetes"
"""The system of calls to the management cluster; each attempt makes some."""
BUILT = ("etcd", "kubernetes", "clusterapi")
"""Recipes of what every story needs, in the order in which they are built."""
TOOLS = ("kubectl", "clusterctl")
"""Binaries of these recipes that no story needs."""
TRACE_SECONDS = 10.0
"""Longest wait for the last span to reach Jaeger."""


async def run(selection: str, *, once: bool, show: display.Display) -> None:
    """Play the story; with ``once`` tear down and return, else run until interrupted.

    ``selection`` is the value of ``--plugins``. Raises StoryError, OperatorError or the bed's
    errors when a step fails.
    """
    read = settings.load(overrides={"enabledPlugins": selection})
    kinds = loader.classes(read.settings.enabled_plugins)
    loaded = chapters.of(kinds)
    played = tuple(loaded.values())
    extra = chapters.needed(played)
    started = time.monotonic()
    late = bool(build.missing(("jaeger",)))
    jaeger_ = () if late else ("jaeger",)
    needed = (*BUILT, *jaeger_, *(part for part in extra if part in recipes.RECIPES))
    built = await asyncio.to_thread(build.ensure, needed, without=TOOLS)
    parts = ("etcd", "kube-apiserver", "kube-controller-manager", "cluster-api", *jaeger_, *extra)
    show.heading("test bed", "  ".join(parts), time.monotonic() - started)

    started = time.monotonic()
    kubelet = KubeletOptions(ako_program=AkoProgram.AKOSIM)
    options = BedOptions(
        crds=packaged.folders(kinds.values()),
        jaeger=True,
        jaeger_later=late,
        provider=ProviderOptions(kubelet=kubelet),
    )
    async with (
        avi.serving() as controller,
        Bed(chapters.with_parts(options, extra), built=built) as bed,
        contextlib.AsyncExitStack() as furnished,
    ):
        tracing = ("Jaeger",) if not late else ()
        names = ("management cluster", "Avi simulator", *tracing, *map(chapters.PARTS.get, extra))
        show.heading("started", ", ".join(map(str, names)), time.monotonic() - started)
        late_jaeger = await furnished.enter_async_context(spans.LateJaeger(bed)) if late else None
        await install.account(bed.api)
        stage = SandboxStage(bed, controller, show)
        for chapter in played:
            if chapter.furnish is not None:
                await furnished.enter_async_context(chapter.furnish(stage))
        file = _write_settings(bed, list(kinds), chapters.settings(loaded, stage))
        plugins = loader.load(settings.load(file, overrides={"enabledPlugins": selection}))
        await install.install(bed.api, plugins)
        stage.operator = operator = await _operator(bed, plugins.names, file)
        stage.config = chapters.config(played, stage, stage.config)
        started = time.monotonic()
        async with process.running(operator):
            text = f"akoo-core {akoo_core.__version__}, plugins {', '.join(plugins.names)}"
            show.heading("operator", text, time.monotonic() - started)
            if not once:
                address = await furnished.enter_async_context(_page(bed, plugins.names))
                show.heading("page", address or "none: pip install jinja2")
            show.line()
            await story.Story(stage, played, show).play()
            if late_jaeger is not None:
                await late_jaeger.arrive(show)
            await _print_histories(bed, played, show)
            await chapters.play(played, "traced", stage)
            if not once:
                await asyncio.to_thread(invitation.furnish, bed)
                living = await _leave_living(bed, show)
                show.line()
                where = invitation.Addresses(
                    folder=bed.base.folder,
                    jaeger=bed.jaeger.query_url if bed.jaeger is not None else "",
                    jaeger_note=bed.jaeger.note if bed.jaeger is not None else "",
                    metrics=f"{operator.url}/metrics",
                    avi=controller.url,
                    log=operator.log,
                    links=chapters.links(played, stage),
                )
                for line in invitation.lines(where, living=living):
                    show.line(line)
                await _interrupted()


def _write_settings(bed: Bed, names: Sequence[str], plugins: Mapping[str, Any]) -> pathlib.Path:
    """A settings file for the operator and for commands, in JSON, which is YAML."""
    settings_ = {
        "enabledPlugins": names,
        "plugins": plugins,
        # All that runs on this machine is on its loopback.
        "workloadClusters": {"allowLocalAddresses": True},
    }
    return install.write_private(bed.base.folder / invitation.SETTINGS, json.dumps(settings_))


async def _operator(
    bed: Bed, plugin_names: Sequence[str], config: pathlib.Path
) -> process.OperatorProcess:
    text = await install.account_kubeconfig(bed.api, bed.management.url, bed.base.authority.pem)
    if bed.jaeger is None:
        raise RuntimeError("the sandbox's bed has a Jaeger")
    return process.OperatorProcess(
        kubeconfig=install.write_private(bed.base.folder / "operator.kubeconfig", text),
        plugins=plugin_names,
        log=bed.base.log_file("operator"),
        config=config,
        environment={"AKOO_TELEMETRY__ENDPOINT": bed.jaeger.otlp_url},
    )


def _page(bed: Bed, plugin_names: Sequence[str]) -> contextlib.AbstractAsyncContextManager[str]:
    """The fleet page, with the rights of an administrator and the operator's settings."""
    folder = bed.base.folder
    return look.page(
        install.write_private(folder / "page.kubeconfig", bed.management.kubeconfig),
        plugins=plugin_names,
        config=folder / invitation.SETTINGS,
        jaeger=bed.jaeger.query_url if bed.jaeger is not None else "",
        log=bed.base.log_file("page"),
    )


async def _print_histories(bed: Bed, played: Sequence[Chapter], show: display.Display) -> None:
    """Print the history of the cluster from Jaeger, once it has the last span, and those of the
    objects that chapters name, with the calls of other systems by kind."""
    if bed.jaeger is None:
        return
    url, cluster = bed.jaeger.query_url, f"{demo.NAMESPACE}/{demo.CLUSTER}"
    traced = await _until_traced(url, jaeger.of_cluster(cluster), _finished)
    _print_history(show, f"trace {cluster}", life.lines(traced))
    for history in (history for chapter in played for history in chapter.histories):
        tags = jaeger.of_object(history.kind, history.name)
        traced = await _until_traced(url, tags, functools.partial(_has_call, history.last))
        words = f"trace --kind {history.kind} {history.name}"
        _print_history(show, words, life.lines(traced))
        for system, kinds in life.calls(traced).items():
            if system != MANAGEMENT:
                counts = ", ".join(f"{call} {count}" for call, count in kinds.items())
                show.long(f"    calls of {system}: {counts}", indent=6)


async def _leave_living(bed: Bed, show: display.Display) -> bool:
    """Make a second Cluster, for commands that need one that lives. False where a chapter has
    removed the config that would select it."""
    if await bed.api.find(story.CONFIG, None, demo.CONFIG) is None:
        return False
    show.line()
    kubeconfig = str(invitation.kubeconfig(bed))
    async with contextlib.AsyncExitStack() as stack:
        with show.step(f"create cluster {demo.NAMESPACE}/{demo.LIVING}, which stays") as step:
            kube = transport.HttpClient(
                await config.endpoint_of(kubeconfig), external=external.External()
            )
            stack.push_async_callback(kube.close)
            record = await clusters.create(kube, demo.LIVING)
            step.result = f"Running, record {record}"
    return True


def _finished(history: Sequence[life.Line]) -> bool:
    return any(line.verb == "finish" for line in history)


def _has_call(part: str, history: Sequence[life.Line]) -> bool:
    return any(part in kind for line in history for kind, _ in line.calls)


def _print_history(show: display.Display, words: str, history: Sequence[life.Line]) -> None:
    show.line()
    show.line(f"  What happened, from Jaeger (akoo-core {words}):")
    for line in history:
        show.long(f"    {life.render(line)}", indent=20)


async def _until_traced(
    url: str, tags: Mapping[str, str], complete: Callable[[Sequence[life.Line]], object]
) -> list[life.JaegerSpan]:
    """The spans with these tags, once their lines are complete, or late."""
    traced: list[life.JaegerSpan] = []
    deadline = time.monotonic() + TRACE_SECONDS
    while time.monotonic() < deadline and not complete(life.lines(traced)):
        await asyncio.sleep(0.2)  # spans travel in batches; there is no signal of their arrival
        now = datetime.datetime.now(datetime.UTC)
        since = datetime.timedelta(hours=1)
        traced = life.spans(await jaeger.traces(url, tags, now=now, since=since))
    return traced


async def _interrupted() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
