"""An adopted AKO that its former owner gets back, and goes on with."""

from __future__ import annotations

import asyncio
import shutil

from akoo_testbed.ancestor import Kapp

from akoo_core.sandbox import install
from tests import commands
from tests.stories.adoption import helm_release, installs
from tests.stories.adoption.adopting import Adoption
from tests.stories.adoption.helm_release import RELEASE
from tests.stories.scene import Scene
from tests.stories.setting import NAME, SECONDS
from tests.stories.telling import proof, story


async def hand_back(a: Adoption) -> None:
    """A person gives it back, by the command."""
    s = a.scene
    text = s.story_bed.bed.management.kubeconfig
    file = install.write_private(s.story_bed.bed.base.folder / f"{s.story}.kubeconfig", text)
    words = ("ako", "hand-back", f"{s.namespace}/{NAME}", "--yes")
    code, printed = await commands.typed(file, *words, seconds=SECONDS)
    assert code == 0, printed
    await a.given_back()


@proof
@story
async def test_real_helm_gets_its_release_back(s: Scene) -> None:
    """While it is adopted, Helm finds no release, and changes nothing. Given back, Helm goes on:
    the same version, and then another value. AKO runs on in the same Pod through all of it."""
    a = Adoption(s)
    await a.born()
    folder = s.story_bed.bed.base.folder / s.story
    kubeconfig = s.story_bed.bed.workloads.server(s.namespace, NAME).server.kubeconfig
    helm = await asyncio.to_thread(helm_release.Helm.opened, folder, kubeconfig)
    try:
        await a.lives(helm_release.by(helm), f"{s.story}-lb")
        assert RELEASE in await helm.must("list", "--short")
        await a.adopted()
        assert (await helm.must("list", "--short", "--all-namespaces")).strip() == ""
        chart, file = str(folder / "ako"), str(folder / "values.json")
        refused = await helm.refused("upgrade", RELEASE, chart, "--values", file)
        assert "no deployed releases" in refused, refused
        assert "not found" in await helm.refused("uninstall", RELEASE)
        refused = await helm.refused("install", "again", chart, "--values", file)
        assert "release" in refused, refused
        await a.unchanged()
        await a.ours()

        await hand_back(a)
        assert RELEASE in await helm.must("list", "--short")
        await helm.release("upgrade")
        await a.unchanged()
        await helm.release("upgrade", logLevel="DEBUG")
        await a.unchanged()
        (data,) = [obj["data"] for obj in await a.objects() if obj["kind"] == "ConfigMap"]
        assert data["logLevel"] == "DEBUG"
        await s.delete()
        await s.ends()
    finally:
        shutil.rmtree(folder)


@proof
@story
async def test_package_gets_its_add_on_back(s: Scene) -> None:
    """kapp writes the objects again, and changes nothing. On Avi the record still cleans up."""
    a = Adoption(s)
    await a.lives(installs.by_vendor, f"{s.story[:15]}-77c05e1a")
    async with s.workload() as workload:
        kapp = Kapp(workload, a.install.parts, install=(installs.PACKAGES, a.install.package))
        await a.adopted()
        assert not await kapp.step()
        await hand_back(a)
        assert await kapp.step()
    await a.unchanged()
    await s.delete()
    await s.ends()
