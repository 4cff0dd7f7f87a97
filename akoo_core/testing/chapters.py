"""Chapters: the parts that a plugin adds to the story of ``akoo-core sandbox``.

A plugin names its chapter in ``Plugin.chapter``, as ``module:NAME`` of a :class:`Chapter`. The
sandbox loads the chapters of the selected plugins, starts the parts of the test bed that they need,
and calls their acts between the steps of the core::

    furnish     parts are started, the operator is not
    settings    furnished, the operator is not started
    opening     the operator is ready, nothing was made yet
                (the core: config, cluster, AKO, Services, a changed setting)
    living      the cluster runs
                (the core: the cluster is deleted, AKO is stopped)
    leaving     the cluster leaves
                (the core: the cluster was let go)
    closing     the cluster is gone
                (the core: the histories are printed)
    traced      all spans of the story are in Jaeger

``opening``, ``living`` and ``traced`` are called in the order of plugins, ``leaving`` and
``closing`` in reverse. An act that raises ends the sandbox. Jaeger may be built after ``closing``:
only ``traced`` may ask it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Protocol, TypeVar

from akoo_core import structs

T = TypeVar("T")
Object = dict[str, Any]


class StoryStep(Protocol):
    """A step of the story that is being played."""

    result: str
    """The text behind its title. Set it before the step ends."""


class Stage(Protocol):
    """The running sandbox, for the acts of chapters."""

    record: str
    """The name of the cluster's record; "" before the cluster was selected."""
    config_name: str
    """Name of the story's AKODeploymentConfig."""
    config: Mapping[str, Any]
    """The fields of ``spec`` that the story adds to its AKODeploymentConfig."""

    def part(self, kind: type[T]) -> T:
        """The part of that class: the bed, its ``KubeApi`` of the management cluster, ``Vcsim``,
        ``OpenBao``, and of the Avi simulator the ``Controller`` and an administrator's ``Client``.

        Raises LookupError for a part that is not there.
        """
        ...

    def step(self, title: str) -> AbstractContextManager[StoryStep]:
        """A numbered step: one line with title, result and seconds when the body ends."""
        ...

    def line(self, text: str = "") -> None:
        """Print one plain line."""
        ...

    async def until(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        accept: Callable[[Object | None], object],
    ) -> Object:
        """Wait until an object of the management cluster is accepted; None stands for no object,
        and becomes {}. ``kind`` is ``group/version/Kind``. Raises StoryError after a minute."""
        ...

    async def add_secret(self, name: str, **values: str) -> None:
        """Make a Secret in the operator's namespace."""
        ...

    async def command(self, *words: str) -> str:
        """The output of ``akoo-core WORDS``, as the operator's account. The exit code does not
        count."""
        ...


Act = Callable[[Stage], Awaitable[None]]


class History(structs.Struct, frozen=True, kw_only=True):
    """An object whose history is printed at the end, as by ``akoo-core trace --kind``."""

    kind: str
    name: str
    last: str
    """Part of the kind of an outside call that ends the history: ``Destroy_Task``."""


class Trouble(structs.Struct, frozen=True, kw_only=True):
    """A misfortune of AKO that begins just before its cluster is deleted."""

    title: str
    """``AKO cut off``."""
    begin: Act
    grade: str = ""
    """The grade of the fence that the story then waits for; "": any."""


class Chapter(structs.Struct, frozen=True, kw_only=True):
    """The acts of a plugin in the sandbox; None where it has none."""

    title: str
    needs: tuple[str, ...] = ()
    """Further parts of the test bed: ``vcsim``, ``openbao``."""
    furnish: Callable[[Stage], AbstractAsyncContextManager[None]] | None = None
    """Sets up what an administrator provides outside; it ends after the operator has."""
    settings: Callable[[Stage], Mapping[str, Any]] | None = None
    """The operator's settings for the plugin: ``plugins.<name>``."""
    config: Callable[[Stage], Mapping[str, Any]] | None = None
    """Fields of the story's AKODeploymentConfig: a merge patch over those of the core."""
    opening: Act | None = None
    living: Act | None = None
    trouble: Trouble | None = None
    """In place of the core's, which kills AKO half-way; that of the first plugin counts."""
    leaving: Act | None = None
    closing: Act | None = None
    traced: Act | None = None
    links: Callable[[Stage], Mapping[str, str]] | None = None
    """Label and address of what a person may look at while the sandbox runs."""
    histories: tuple[History, ...] = ()
    """Printed at the end, behind that of the cluster, with the calls of each system by kind."""
