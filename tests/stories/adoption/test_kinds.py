"""Each kind of install that can be adopted, end to end: AKO notices nothing, and when the Cluster
is deleted, nothing of it is left on Avi."""

from __future__ import annotations

from akoo_testbed.ancestor import Kapp, objects

from tests.stories.adoption import installs
from tests.stories.adoption.adopting import Adoption
from tests.stories.scene import Scene
from tests.stories.setting import NAME
from tests.stories.telling import proof, story


@story
async def test_release_of_helm_adopted(s: Scene) -> None:
    """Helm does not find its release any more."""
    a = Adoption(s)
    await a.lives(installs.by_helm, f"{s.story}-lb")
    await a.adopted()
    async with s.workload() as workload:
        secrets = await workload.list("v1/Secret", a.install.namespace, labels="owner=helm")
    assert secrets == [], "Helm finds the release"
    await s.delete()
    await s.ends()


@proof
@story
async def test_plain_yaml_adopted(s: Scene) -> None:
    """In a namespace of its own, of a release that the config does not name."""
    a = Adoption(s)
    await a.lives(installs.by_kubectl, f"{s.story}-lb", ako={"podSecurity": "Vendor"})
    await a.adopted()
    await s.delete()
    await s.ends()


@proof
@story
async def test_add_on_of_the_ancestor_adopted(s: Scene) -> None:
    """Its account stays the one that the ancestor made. kapp restores nothing any more."""
    a = Adoption(s)
    await a.born()
    name = f"{NAME}-{s.namespace}-ako-user"
    account = objects.account(a.cluster, s.avi.account(name))
    account["stringData"]["certificateAuthorityData"] = s.avi.ca_pem
    for secret in (account, objects.addon(a.cluster)):
        await s.api.create(secret)
    await a.lives(
        installs.by_ancestor,
        f"{s.namespace}-{NAME}",
        account=account["stringData"],
        workloadCredentialRef=None,
    )
    await _by_package(a)


@proof
@story
async def test_package_of_the_vendor_adopted(s: Scene) -> None:
    """kapp restores nothing any more."""
    a = Adoption(s)
    await a.lives(installs.by_vendor, f"{s.story[:15]}-5e1a77c0")
    await _by_package(a)


async def _by_package(a: Adoption) -> None:
    """The package is at work until the adoption, and then no more."""
    s, place = a.scene, (installs.PACKAGES, a.install.package)
    async with s.workload() as workload:
        kapp = Kapp(workload, a.install.parts, install=place)
        assert await kapp.step()
        await a.unchanged()
        await a.adopted()
        assert not await kapp.step(), "kapp writes AKO's objects again"
    await a.unchanged()
    await s.delete()
    await s.ends()
