"""Renders a chart for one cluster, as prepare and contribute do."""

from __future__ import annotations

import asyncio
import pathlib
from typing import Any

import pytest
from akoo_ako import options, settings
from akoo_ako.helm import renderings
from akoo_ako.plugin import AkoPlugin

from akoo_core import structs
from akoo_core.plugin import api
from tests.ako import ako_chart


class Threads:
    """Runs at once: nothing here takes long."""

    async def run(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)


class Workshop:
    """A folder of charts, a helm, and a plugin that uses both."""

    def __init__(self, folder: pathlib.Path, build: Any) -> None:
        self.folder = folder
        self.charts = folder / "charts"
        self.charts.mkdir()
        self.build = build
        self.helm = ako_chart.printing(folder, ako_chart.rendered())
        self.chart = ako_chart.put(self.charts, ako_chart.archive())
        self.clock: Any = None

    def plugin(self, **more: Any) -> AkoPlugin:
        chosen = {"chart_folder": str(self.charts), "helm": self.helm, **more}
        return AkoPlugin(settings.Settings(**chosen))

    def view(self, changes: dict[str, Any] | None = None, **more: Any) -> api.View:
        """A cluster whose config names the chart; ``changes`` are of ``spec.plugins.ako``."""
        section = {"chart": self.chart, **(changes or {})}
        decoded = structs.convert(section, options.Options, path="spec.plugins.ako")
        adc = self.build.adc({"plugins": {"ako": section}})
        view: api.View = self.build.view(adc, decoded, **more)
        return view

    def context(self, view: api.View) -> api.VerbContext:
        ctx: api.VerbContext = self.build.context(None, of=view, now=self.clock)
        return structs.replace(ctx, threads=Threads())

    def prepare(self, plugin: AkoPlugin, view: api.View) -> Any:
        return asyncio.run(plugin.prepare(self.context(view)))

    def contributed(
        self, changes: dict[str, Any] | None = None, **more: Any
    ) -> tuple[dict[str, Any], ...]:
        """The objects of the cluster. An AssertionError for anything else."""
        plugin, view = self.plugin(), self.view(changes, **more)
        answer = self.prepare(plugin, view)
        assert not isinstance(answer, api.Blocked), answer
        contribution = plugin.contribute(view)
        assert isinstance(contribution, api.Contribution), contribution
        return contribution.objects

    def refused(self, changes: dict[str, Any] | None = None, **ours: Any) -> tuple[str, str]:
        """Reason and message of prepare."""
        answer = self.prepare(self.plugin(**ours), self.view(changes))
        assert isinstance(answer, api.Blocked), answer
        return answer.reason, answer.message

    def render(self, text: str) -> None:
        """From now on helm prints this text."""
        self.helm = ako_chart.printing(self.folder, text)
        renderings._KEPT.clear()

    def forget(self) -> None:
        """Forget the renderings, as a new process does."""
        renderings._KEPT.clear()

    @property
    def runs(self) -> int:
        """The number of times that helm was run."""
        file = self.folder / "runs"
        return len(file.read_text().splitlines()) if file.exists() else 0


@pytest.fixture
def workshop(tmp_path: pathlib.Path, build: Any) -> Workshop:
    renderings._KEPT.clear()
    return Workshop(tmp_path, build)
