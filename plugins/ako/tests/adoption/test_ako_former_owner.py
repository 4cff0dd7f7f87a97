"""Former owners of an adopted AKO are made harmless before the first write, and looked at again."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from akoo_ako.adoption import harmless, look
from akoo_ako.installs import kinds
from akoo_ako.plugin import AkoPlugin

from akoo_core import testing
from akoo_core.kube import resource as resources
from akoo_core.objects import names as core_names
from akoo_core.plugin import api, structs
from akoo_core.plugin.kube import AlreadyExistsError
from akoo_core.settings import Settings
from akoo_core.testing import virtual_time
from akoo_core.testing.memory import kubelet

SETTINGS = Settings(allowed_secret_namespaces=("avi",))
NAMESPACE = "balancers"
NAME = "my-cluster"
SELECTOR = {"app.kubernetes.io/name": "ako", "app.kubernetes.io/instance": "ako-1593523840"}
KINDS = {kind.kind: kind for kind in kinds.OWN}
KINDS_ALL = tuple(KINDS)
BOOTSTRAPS = kinds.CLUSTER_BOOTSTRAPS[0]
PACKAGE_INSTALLS = kinds.PACKAGE_INSTALLS[0]
VALUES = {"username": "shop", "password": "a-password", "certificateAuthorityData": "a-ca"}
ADOPT = {"existing": "Adopt", "version": "1.13.4", "podSecurity": "Vendor"}
RELEASE = "sh.helm.release.v1.ako.v2"
Objects = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def program(monkeypatch: pytest.MonkeyPatch) -> None:
    """AKO says that it works, whatever its container is called."""
    monkeypatch.setitem(kubelet.READY_EVENTS, f"ako-{NAME}", "AKOReady")


class Stage:
    """A cluster with an AKO of Helm or of a package, and a config that adopts it."""

    def __init__(self, fleet: testing.Fleet, build: Any) -> None:
        self.fleet, self.build = fleet, build
        self.applies = False
        """The owner writes AKO's objects by server-side apply, as Helm 4 does."""

    @property
    def server(self) -> Any:
        server = self.fleet.workload("shop")
        assert server is not None
        return server

    def client(self, manager: str = "helm") -> Any:
        return self.server.client(system="others", field_manager=manager)

    async def helm(self, store: str = "Secret", **section: Any) -> None:
        """``store``: the kind in which Helm keeps its releases."""
        await self._prepare(self._install(), "helm", section)
        for name in ("sh.helm.release.v1.ako.v1", RELEASE, "sh.helm.release.v1.grafana.v1"):
            await self.release(name, store)
        await self._config(section)

    async def release(self, name: str, store: str = "Secret") -> None:
        """A revision of Helm."""
        labels = {"owner": "helm", "name": name.split(".")[4], "status": "deployed"}
        metadata = {"name": name, "namespace": NAMESPACE, "labels": labels}
        if store == "ConfigMap":
            made = _made("v1", store, name, NAMESPACE) | {"metadata": metadata}
            await self.client().create(resources.CONFIG_MAPS, made | {"data": {"release": "H4"}})
            return
        body = {"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1"}
        data = {"release": base64.b64encode(b"release").decode()}
        await self.client().create(resources.SECRETS, {**body, "metadata": metadata, "data": data})

    async def package(
        self, name: str = "load-balancer-and-ingress-service.x", parts: Sequence[str] = KINDS_ALL
    ) -> None:
        """A package of kapp-controller, which deploys the objects of these kinds."""
        listed = self._install()
        for obj in listed:
            obj["metadata"].pop("annotations", None)
            labels = {"kapp.k14s.io/app": "17"} if obj["kind"] in parts else {}
            obj["metadata"]["labels"] = labels
        await self._prepare(listed, "kapp", {})
        self.server.served.serve(PACKAGE_INSTALLS)
        kapp = self.client("kapp-controller")
        await kapp.create(resources.NAMESPACES, _made("v1", "Namespace", "tkg-system", ""))
        app = _made("v1", "ConfigMap", "shop-ako.app", "tkg-system")
        app["metadata"]["labels"] = {"kapp.k14s.io/is-app": ""}
        app["data"] = {"spec": '{"labelKey":"kapp.k14s.io/app","labelValue":"17"}'}
        await kapp.create(resources.CONFIG_MAPS, app)
        install = _made("packaging.carvel.dev/v1alpha1", "PackageInstall", "shop-ako", "tkg-system")
        install["spec"] = {"packageRef": {"refName": name}, "serviceAccountName": "sa"}
        await kapp.create(PACKAGE_INSTALLS, install)
        await self._config({})

    async def bootstrap(self) -> None:
        """A ClusterBootstrap of the Cluster that carries the package, among others."""
        self.fleet.management.served.serve(BOOTSTRAPS)
        body = _made(BOOTSTRAPS.api_version, BOOTSTRAPS.kind, "shop", "demo")
        listed = [{"refName": "antrea.1"}, {"refName": "load-balancer-and-ingress-service.x.1.0"}]
        await self.fleet.user.create(BOOTSTRAPS, body | {"spec": {"additionalPackages": listed}})

    def _install(self) -> Objects:
        made: Objects = self.build.helm_install(NAMESPACE, NAME, SELECTOR, VALUES)
        return made

    def config_map(self) -> dict[str, Any]:
        """AKO's ConfigMap as its owner has it."""
        return next(obj for obj in self._install() if obj["kind"] == "ConfigMap")

    async def _prepare(self, listed: Objects, manager: str, section: dict[str, Any]) -> None:
        for name in ("shop-avi", "ca"):
            data = {key: base64.b64encode(value.encode()).decode() for key, value in VALUES.items()}
            secret = {**_made("v1", "Secret", name, "avi"), "data": data}
            await self.fleet.user.create(resources.SECRETS, secret)
        await self.fleet.create_cluster("shop")
        client = self.client(manager)
        await client.create(resources.NAMESPACES, _made("v1", "Namespace", NAMESPACE, ""))
        for obj in listed:
            if self.applies:
                await client.apply(KINDS[obj["kind"]], obj, field_manager=manager, force=False)
            else:
                await client.create(KINDS[obj["kind"]], obj)

    async def _config(self, section: dict[str, Any]) -> None:
        spec = self.build.adc()["spec"] | {"plugins": {"ako": ADOPT | section}}
        await self.fleet.create_config(spec)

    def owner(self, name: str = RELEASE, store: str = "Secret") -> str:
        """The label of a revision of Helm; "" for none."""
        for revision in self.server.objects(KINDS[store], NAMESPACE):
            if revision["metadata"]["name"] == name:
                return str(revision["metadata"]["labels"].get("owner", ""))
        raise AssertionError(name)

    @property
    def paused(self) -> bool | None:
        (install,) = self.server.objects(PACKAGE_INSTALLS, "tkg-system")
        value: bool | None = install["spec"].get("paused")
        return value

    def ready(self) -> tuple[str, str]:
        record = self.fleet.record("shop")
        listed = record.status.conditions if record is not None else ()
        return next(((c.reason, c.message) for c in listed if c.type == "Ready"), ("", ""))

    async def until(self, reason: str) -> str:
        """Wait for the reason of Ready; its message."""
        try:
            await self.fleet.until(lambda: self.ready()[0] == reason, seconds=3000)
        except AssertionError as error:
            raise AssertionError(f"{self.ready()}") from error
        return self.ready()[1]

    def key(self, key: str) -> str:
        """A key of AKO's ConfigMap."""
        config_map = next(
            obj
            for obj in self.server.objects(resources.CONFIG_MAPS, NAMESPACE)
            if obj["metadata"]["name"] == "avi-k8s-config"
        )
        return str(config_map["data"].get(key, ""))

    def has_key(self, key: str) -> bool:
        """AKO's ConfigMap has that key, perhaps without a value."""
        listed = self.server.objects(resources.CONFIG_MAPS, NAMESPACE)
        return any(
            key in obj["data"] for obj in listed if obj["metadata"]["name"] == "avi-k8s-config"
        )

    def password(self) -> str:
        """Of Secret avi-secret, encoded."""
        secrets = self.server.objects(resources.SECRETS, NAMESPACE)
        mine = next(obj for obj in secrets if obj["metadata"]["name"] == "avi-secret")
        return str(mine["data"]["password"])

    def pods(self) -> set[str]:
        return {pod["metadata"]["uid"] for pod in self.server.objects(resources.PODS, NAMESPACE)}

    def adopted_pods(self) -> set[str]:
        """The Pods as they were before the adoption."""
        record = self.fleet.record("shop")
        assert record is not None
        return set(record.spec.facts["AkoInstall"].data["pods"])

    def fact(self) -> dict[str, Any]:
        record = self.fleet.record("shop")
        assert record is not None
        return dict(record.spec.facts["AkoFormerOwner"].data)


def _made(api_version: str, kind: str, name: str, namespace: str) -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def play(build: Any, story: Callable[[Stage, virtual_time.LoopClock], Any]) -> None:
    async def main(now: virtual_time.LoopClock) -> None:
        async with testing.Fleet(now, lambda: [AkoPlugin()], settings=SETTINGS) as fleet:
            await story(Stage(fleet, build), now)

    virtual_time.run(main)


def test_helm_does_not_find_the_release(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fact is stored first. No other release is touched, and AKO runs on."""
    stored: list[bool] = []
    make = harmless.make

    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        async def noticed(ctx: api.VerbContext, owner: Any) -> Any:
            (stateful_set,) = stage.server.objects(resources.STATEFUL_SETS, NAMESPACE)
            ours = core_names.RECORD_LABEL in stateful_set["metadata"]["labels"]
            stored.append(stage.fact() == structs.to_object(owner) and not ours)
            return await make(ctx, owner)

        monkeypatch.setattr(harmless, "make", noticed)
        await stage.helm()
        await stage.until("Running")
        assert stored == [True]
        assert {stage.owner(), stage.owner("sh.helm.release.v1.ako.v1")} == {""}
        assert stage.owner("sh.helm.release.v1.grafana.v1") == "helm"
        fact = stage.fact()
        assert fact["owner"] == f"Helm release {NAMESPACE}/ako"
        assert [each["name"] for each in fact["objects"]] == ["sh.helm.release.v1.ako.v1", RELEASE]
        secret = next(
            obj
            for obj in stage.server.objects(resources.SECRETS, NAMESPACE)
            if obj["metadata"]["name"] == RELEASE
        )
        assert base64.b64decode(secret["data"]["release"]) == b"release"
        assert secret["metadata"]["labels"]["name"] == "ako"
        before = stage.pods()
        await stage.fleet.restart()
        await stage.fleet.until(lambda: now.monotonic() > 3000)
        assert stage.pods() == before == stage.adopted_pods()
        assert stage.ready()[0] == "Running"

    play(build, story)


def test_releases_that_helm_keeps_in_config_maps(build: Any) -> None:
    """HELM_DRIVER=configmap: the same labels and names, on ConfigMaps."""

    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        await stage.helm("ConfigMap")
        await stage.until("Running")
        mine = ("sh.helm.release.v1.ako.v1", RELEASE)
        assert {stage.owner(name, "ConfigMap") for name in mine} == {""}
        assert stage.owner("sh.helm.release.v1.grafana.v1", "ConfigMap") == "helm"
        fact = stage.fact()
        assert fact["owner"] == f"Helm release {NAMESPACE}/ako"
        assert [(each["kind"], each["name"]) for each in fact["objects"]] == [
            ("ConfigMap", name) for name in mine
        ]
        before = stage.pods()
        assert before == stage.adopted_pods()
        label = {"metadata": {"labels": {"owner": "helm"}}}
        await stage.client().merge_patch(resources.CONFIG_MAPS, RELEASE, label, NAMESPACE)
        message = await stage.until("FormerOwnerActive")
        assert f"label owner of ConfigMap {NAMESPACE}/{RELEASE}" in message
        assert f"kubectl -n {NAMESPACE} label configmap -l owner=helm,name=ako owner-" in message
        gone = {"metadata": {"labels": {"owner": None}}}
        await stage.client().merge_patch(resources.CONFIG_MAPS, RELEASE, gone, NAMESPACE)
        await stage.until("Running")
        await asked(stage)
        await stage.fleet.until(lambda: handed_back(stage), seconds=600)
        assert {stage.owner(name, "ConfigMap") for name in mine} == {"helm"}
        (revision,) = [
            obj
            for obj in stage.server.objects(resources.CONFIG_MAPS, NAMESPACE)
            if obj["metadata"]["name"] == RELEASE
        ]
        assert revision["data"] == {"release": "H4"}
        assert stage.pods() == before

    play(build, story)


@pytest.mark.parametrize(
    ("section", "why"),
    [({"adoptAtOnce": 0}, "AdoptionWaits"), ({"vrfName": "blue"}, "AdoptionWouldRestart")],
)
def test_an_adoption_that_is_held_changes_no_owner(
    build: Any, section: dict[str, Any], why: str
) -> None:
    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        await stage.helm(**section)
        await stage.until(why)
        at = now.monotonic()
        await stage.fleet.until(lambda: now.monotonic() > at + 1200)
        assert stage.owner() == "helm"

    play(build, story)


def test_a_dry_run_that_shows_a_change_leaves_the_owner(build: Any) -> None:
    """The API server says what changes; no comparison of the plugin does."""

    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        await stage.helm(adoptAtOnce=0)
        data = {"password": base64.b64encode(b"another").decode()}
        await stage.client().merge_patch(resources.SECRETS, "avi-secret", {"data": data}, NAMESPACE)
        await stage.until("AdoptionWaits")
        await stage.fleet.change_config({"plugins": {"ako": {"adoptAtOnce": 1}}})
        await stage.until("AdoptionWouldRestart")
        at = now.monotonic()
        await stage.fleet.until(lambda: now.monotonic() > at + 1200)
        assert stage.owner() == "helm"

    play(build, story)


def test_a_release_that_comes_at_the_last_moment(
    build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stored before it is changed, too."""
    make, see = harmless.make, look.look
    known: list[bool] = []

    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        async def noticed(ctx: api.VerbContext, owner: Any) -> Any:
            known.append(stage.fact() == structs.to_object(owner))
            return await make(ctx, owner)

        async def upgraded(ctx: api.VerbContext, ours: Any) -> Any:
            if ctx.view.held and stage.owner() == "helm":
                with contextlib.suppress(AlreadyExistsError):
                    await stage.release("sh.helm.release.v1.ako.v3")
            return await see(ctx, ours)

        monkeypatch.setattr(harmless, "make", noticed)
        monkeypatch.setattr(look, "look", upgraded)
        await stage.helm()
        await stage.until("Running")
        assert known
        assert all(known)
        assert stage.owner("sh.helm.release.v1.ako.v3") == ""

    play(build, story)


def test_an_owner_that_may_not_be_changed(build: Any) -> None:
    """A person does it, and the adoption goes on."""

    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        await stage.helm(adoptAtOnce=0)
        await stage.until("AdoptionWaits")
        stage.server.served.deny("patch", "secrets")
        await stage.fleet.change_config({"plugins": {"ako": {"adoptAtOnce": 1}}})
        message = await stage.until("FormerOwnerForbidden")
        assert f"kubectl -n {NAMESPACE} label secret -l owner=helm,name=ako owner-" in message
        (stateful_set,) = stage.server.objects(resources.STATEFUL_SETS, NAMESPACE)
        assert core_names.RECORD_LABEL not in stateful_set["metadata"]["labels"]
        stage.server.served.allow("patch", "secrets")
        await stage.until("Running")
        assert stage.owner() == ""

    play(build, story)


def test_a_package_is_paused(build: Any) -> None:
    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        await stage.package()
        await stage.until("Running")
        assert stage.paused is True
        assert stage.fact()["owner"] == "PackageInstall tkg-system/shop-ako"
        assert stage.pods() == stage.adopted_pods()

    play(build, story)


def test_a_package_that_deploys_only_a_part_is_not_paused(build: Any) -> None:
    """It is not the owner of the install: a person has to say what becomes of it."""

    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        await stage.package(parts=("IngressClass",))
        message = await stage.until("ManagedByOther")
        assert "kubectl -n tkg-system patch packageinstall shop-ako" in message
        assert stage.paused is None

    play(build, story)


def test_a_release_that_helm_finds_again(build: Any) -> None:
    """Nothing is written, until it is detached again."""

    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        await stage.helm()
        await stage.until("Running")
        before = stage.pods()
        label = {"metadata": {"labels": {"owner": "helm"}}}
        await stage.client().merge_patch(resources.SECRETS, RELEASE, label, NAMESPACE)
        message = await stage.until("FormerOwnerActive")
        assert f"Helm release {NAMESPACE}/ako owned this AKO before" in message
        assert f"kubectl -n {NAMESPACE} label secret -l owner=helm,name=ako owner-" in message
        await stage.client().merge_patch(
            resources.CONFIG_MAPS, "avi-k8s-config", {"data": {"logLevel": "DEBUG"}}, NAMESPACE
        )
        await stage.fleet.change_config({"extraConfigs": {"ipFamily": "V4"}})
        at = now.monotonic()
        await stage.fleet.until(lambda: now.monotonic() > at + 3000)
        assert (stage.key("logLevel"), stage.key("ipFamily")) == ("DEBUG", "")
        assert stage.owner() == "helm", "what a person gave back stays so"
        assert stage.pods() == before
        await stage.fleet.restart()
        at = now.monotonic()
        await stage.fleet.until(lambda: now.monotonic() > at + 1500)
        assert stage.key("logLevel") == "DEBUG"

        gone = {"metadata": {"labels": {"owner": None}}}
        await stage.client().merge_patch(resources.SECRETS, RELEASE, gone, NAMESPACE)
        await stage.fleet.until(lambda: stage.key("ipFamily") == "V4", seconds=3000)
        await stage.until("Running")
        assert stage.key("logLevel") == "INFO"

    play(build, story)


def test_a_package_that_is_not_paused_any_more(build: Any) -> None:
    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        await stage.package()
        await stage.until("Running")
        await stage.client().merge_patch(
            PACKAGE_INSTALLS, "shop-ako", {"spec": {"paused": None}}, "tkg-system"
        )
        message = await stage.until("FormerOwnerActive")
        assert "PackageInstall tkg-system/shop-ako is not paused any more" in message
        assert "kubectl -n tkg-system patch packageinstall shop-ako" in message

    play(build, story)


def test_a_package_below_a_cluster_bootstrap(build: Any) -> None:
    """It is left as it is: it carries all packages of the cluster. Its controller writes version
    and values of the PackageInstall. If that is made anew, the record says so."""

    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        await stage.bootstrap()
        (before,) = stage.fleet.management.objects(BOOTSTRAPS)
        await stage.package()
        await stage.until("Running")
        assert stage.paused is True
        fact = stage.fact()
        assert fact["owner"] == "PackageInstall tkg-system/shop-ako"
        assert fact["above"] == "ClusterBootstrap demo/shop (management cluster)"
        assert stage.fleet.management.objects(BOOTSTRAPS) == [before]
        addons, package = stage.client("manager"), "shop-ako"
        version = {"spec": {"packageRef": {"versionSelection": {"constraints": "1.1"}}}}
        await addons.merge_patch(PACKAGE_INSTALLS, package, version, "tkg-system")
        at = now.monotonic()
        await stage.fleet.until(lambda: now.monotonic() > at + 2400)
        assert (stage.ready()[0], stage.paused) == ("Running", True)
        (made,) = stage.server.objects(PACKAGE_INSTALLS, "tkg-system")
        await addons.delete(PACKAGE_INSTALLS, package, "tkg-system")
        metadata = {"name": package, "namespace": "tkg-system"}
        spec = {"packageRef": made["spec"]["packageRef"]}
        await addons.create(PACKAGE_INSTALLS, made | {"metadata": metadata, "spec": spec})
        message = await stage.until("FormerOwnerActive")
        assert "PackageInstall tkg-system/shop-ako is not paused any more" in message
        assert "ClusterBootstrap demo/shop (management cluster) is above it" in message
        assert stage.pods() == stage.adopted_pods()

    play(build, story)


def test_objects_that_the_former_owner_writes_again(build: Any) -> None:
    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        await stage.package()
        await stage.until("Running")
        note = {"metadata": {"annotations": {"kapp.k14s.io/identity": "v1"}}}
        await stage.client("kapp").merge_patch(
            resources.CONFIG_MAPS, "avi-k8s-config", note, NAMESPACE
        )
        message = await stage.until("FormerOwnerActive")
        assert f"kapp wrote ConfigMap {NAMESPACE}/avi-k8s-config again" in message

    play(build, story)


TAKEN = ("StatefulSet", "ConfigMap", "Secret", "ServiceAccount", "ClusterRole", "IngressClass")


async def asked(stage: Stage) -> None:
    """A person wants AKO given back."""
    record = stage.fleet.record("shop")
    assert record is not None
    note = {"metadata": {"annotations": {"ako.akoo.io/hand-back": "requested"}}}
    await stage.fleet.user.merge_patch(resources.AKO_DEPLOYMENTS, record.name, note)


def as_it_was(stage: Stage, manager: str) -> dict[str, Any]:
    """Parts of AKO's objects that Helm and people see. Their managers are the owner alone."""
    seen = {}
    for kind in TAKEN:
        for obj in stage.server.objects(KINDS[kind]):
            metadata = obj["metadata"]
            if metadata["name"].startswith(("sh.helm", "shop-ako")):
                continue
            assert core_names.RECORD_LABEL not in (metadata.get("labels") or {}), kind
            managers = {
                entry["manager"]
                for entry in metadata["managedFields"]
                if not entry.get("subresource")
            }
            assert managers - {"ako"} == {manager}, kind
            parts = {key: metadata.get(key) or {} for key in ("labels", "annotations")}
            body = {key: obj[key] for key in ("data", "spec", "rules") if key in obj}
            seen[f"{kind} {metadata['name']}"] = parts | body
    return seen


def handed_back(stage: Stage) -> bool:
    record = stage.fleet.record("shop")
    return record is not None and record.spec.orphaned is not None


@pytest.mark.parametrize("changed", [False, True])
def test_an_adopted_ako_is_given_back_to_helm(build: Any, changed: bool) -> None:
    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        await stage.helm(adoptAtOnce=0)
        await stage.until("AdoptionWaits")
        before = as_it_was(stage, "helm")
        await stage.fleet.change_config({"plugins": {"ako": {"adoptAtOnce": 1}}})
        await stage.until("Running")
        pods = stage.pods()
        if changed:
            await stage.fleet.change_config({"extraConfigs": {"ipFamily": "V4"}})
            await stage.fleet.until(lambda: stage.pods() != pods, seconds=1200)
            await stage.until("Running")
        await asked(stage)
        await stage.fleet.until(lambda: handed_back(stage), seconds=600)
        assert as_it_was(stage, "helm") == before
        assert stage.owner() == "helm"
        await stage.until("Orphaned")
        assert "(its AKO was given back as it was)" in stage.ready()[1]
        assert changed or stage.pods() == pods
        record = stage.fleet.record("shop")
        assert record is not None
        assert "ako.akoo.io/hand-back" not in record.annotations
        await stage.client().merge_patch(
            resources.CONFIG_MAPS, "avi-k8s-config", {"data": {"logLevel": "DEBUG"}}, NAMESPACE
        )
        await stage.fleet.restart()
        at = now.monotonic()
        await stage.fleet.until(lambda: now.monotonic() > at + 3000)
        assert stage.key("logLevel") == "DEBUG", "it is Helm's"
        assert stage.owner() == "helm"
        assert handed_back(stage)

    play(build, story)


def test_helm_4_upgrades_the_release_that_it_got_back(build: Any) -> None:
    """Its apply conflicts with nobody, and what its chart drops is gone."""

    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        stage.applies = True
        await stage.helm()
        await stage.until("Running")
        assert (stage.fact()["manager"], stage.fact()["applies"]) == ("helm", True)
        pods = stage.pods()
        await asked(stage)
        await stage.fleet.until(lambda: handed_back(stage), seconds=600)
        as_it_was(stage, "helm")
        upgraded = stage.config_map()
        upgraded["data"]["logLevel"] = "DEBUG"
        del upgraded["data"]["nsSyncLabelKey"]
        kind = resources.CONFIG_MAPS
        assert stage.has_key("nsSyncLabelKey")
        await stage.client().apply(kind, upgraded, field_manager="helm", force=False)
        assert stage.key("logLevel") == "DEBUG"
        assert not stage.has_key("nsSyncLabelKey")
        assert stage.pods() == pods

    play(build, story)


def test_the_account_of_an_ako_that_is_given_back(build: Any) -> None:
    """It is the one of now: the former one may not work any more. The record says so."""

    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        await stage.helm()
        await stage.until("Running")
        at = now.monotonic()
        await stage.fleet.until(lambda: now.monotonic() > at + 600)
        changed = base64.b64encode(b"rotated").decode()
        await stage.fleet.user.merge_patch(
            resources.SECRETS, "shop-avi", {"data": {"password": changed}}, "avi"
        )
        await stage.fleet.until(lambda: stage.password() == changed, seconds=1200)
        await asked(stage)
        await stage.fleet.until(lambda: handed_back(stage), seconds=600)
        await stage.until("Orphaned")
        message = stage.ready()[1]
        assert "but for the account in Secret avi-secret, which akoo-core has written at" in message
        assert "rotated" not in message
        assert stage.password() == changed
        at = now.monotonic()
        await stage.fleet.restart()
        await stage.fleet.until(lambda: now.monotonic() > at + 1200)
        assert stage.ready() == ("Orphaned", message)

    play(build, story)


def test_an_adopted_ako_is_given_back_to_its_package(build: Any) -> None:
    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        await stage.package()
        await stage.until("Running")
        pods = stage.pods()
        await asked(stage)
        await stage.fleet.until(lambda: handed_back(stage), seconds=600)
        as_it_was(stage, "kapp")
        assert stage.paused is None
        assert stage.pods() == pods

    play(build, story)


def test_an_ako_whose_owner_is_active_is_given_back_as_the_owner_has_it(build: Any) -> None:
    async def story(stage: Stage, now: virtual_time.LoopClock) -> None:
        await stage.helm()
        await stage.until("Running")
        label = {"metadata": {"labels": {"owner": "helm"}}}
        await stage.client().merge_patch(resources.SECRETS, RELEASE, label, NAMESPACE)
        await stage.until("FormerOwnerActive")
        await stage.client().merge_patch(
            resources.CONFIG_MAPS, "avi-k8s-config", {"data": {"logLevel": "DEBUG"}}, NAMESPACE
        )
        at = now.monotonic()
        await stage.fleet.until(lambda: now.monotonic() > at + 1200)
        await asked(stage)
        await stage.fleet.until(lambda: handed_back(stage), seconds=600)
        assert stage.key("logLevel") == "DEBUG"
        assert stage.owner("sh.helm.release.v1.ako.v1") == "helm"

    play(build, story)
