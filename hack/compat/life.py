"""A short life on a row: selected, changed, deleted with a proof; then another one that moves."""

from __future__ import annotations

from akoo_testbed import switching
from akoo_testbed.bed import Bed, BedOptions
from akoo_testbed.kubelet.options import AkoProgram, KubeletOptions
from akoo_testbed.provider.options import ProviderOptions

from akoo_core import settings
from akoo_core.manifests import packaged
from akoo_core.plugin_host import loader
from akoo_core.sandbox import avi, demo, process, stage, story
from akoo_core.testing.chapters import Chapter, Stage, Trouble
from hack.compat import moving, operators
from hack.compat.rows import Row
from hack.compat.steps import Steps


async def _dies(scene: Stage) -> None:
    """AKO ends half-way. It can log in again: another cluster uses the same account after it."""
    bed = scene.part(Bed)
    await switching.switch(bed, demo.NAMESPACE, demo.CLUSTER, ako_faults="dies-mid-deletion")


DYING = Trouble(title=story.KILLED, begin=_dies)


async def play(row: Row, show: Steps) -> None:
    """Play it on a new bed. Raises StoryError, TimeoutError or the bed's errors."""
    read = settings.load(overrides={"enabledPlugins": operators.PLUGINS})
    kinds = loader.classes(read.settings.enabled_plugins)
    options = BedOptions(
        crds=packaged.folders(kinds.values()),
        provider=ProviderOptions(kubelet=KubeletOptions(ako_program=AkoProgram.AKOSIM)),
        versions=row.versions,
    )
    async with avi.serving() as controller, Bed(options) as bed:
        operator = await operators.operator_of(bed, bed.api, bed.management.url, "operator")
        async with process.running(operator):
            scene = stage.SandboxStage(bed, controller, show)
            scene.operator = operator
            await story.Story(scene, (Chapter(title="life", trouble=DYING),), show).play()
            with show.step("proof") as step:
                step.result = await operators.proof_of(bed.api, controller, scene.record)
            await moving.play(bed, controller, show)
