"""deploy/ as `kubectl apply -k` would install it, on a real API server without controllers."""

from __future__ import annotations

import copy
import functools
import os
import pathlib
import subprocess
from typing import Any, Protocol

import pytest
import yaml
from akoo_avi.spec import resources as avi_resources
from akoo_tenancy.spec import tenant as tenancy_tenant
from akoo_testbed import definitions, kubeapi, running, waiting
from akoo_testbed.building import build
from akoo_vsphere.spec import resources as vsphere_resources

from akoo_core import settings
from akoo_core.kube import resource as resources
from akoo_core.manifests import render
from akoo_core.plugin_host import rbac
from hack import generate

DEPLOY = pathlib.Path(__file__).parents[3] / "deploy"
NAMESPACE = "akoo-system"
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:{rbac.NAME}"

Object = dict[str, Any]


class Server(Protocol):
    api: kubeapi.KubeApi

    async def try_create(self, obj: Object) -> Object: ...


def _rendered(folder: str | pathlib.Path) -> list[Object]:
    """The objects that kubectl makes of a folder (relative to deploy/)."""
    kubectl = build.ensure(["kubernetes"]).binary("kubectl")
    command = [str(kubectl), "kustomize", str(DEPLOY / folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [obj for obj in yaml.safe_load_all(done.stdout) if obj]


def _object(objects: list[Object], kind: str) -> Object:
    (chosen,) = (obj for obj in objects if obj["kind"] == kind)
    return chosen


@pytest.fixture(scope="module")
def base(crds: running.RunningServer) -> list[Object]:
    """deploy/base, installed for the rest of the run: nothing there acts on it."""
    objects = _rendered("base")

    async def install() -> None:
        async with kubeapi.KubeApi(crds.kubeconfig) as api:
            for obj in sorted(objects, key=lambda obj: obj["kind"] != "Namespace"):
                metadata = obj["metadata"]
                path = await api.path(
                    kubeapi.kind_of(obj), metadata.get("namespace"), metadata["name"]
                )
                strict = {"fieldManager": "test", "fieldValidation": "Strict"}
                await api.request(
                    "PATCH", path, obj, params=strict, content_type="application/apply-patch+yaml"
                )

    crds.run(install())
    return objects


def test_all_of_it_is_the_sum_of_its_parts() -> None:
    def named(objects: list[Object]) -> set[tuple[str, str]]:
        return {(obj["kind"], obj["metadata"]["name"]) for obj in objects}

    parts = named(_rendered("base")) | named(_rendered("crds")) | named(_rendered("policies"))
    assert named(_rendered(".")) == parts


def test_an_overlay_changes_image_and_settings(tmp_path: pathlib.Path) -> None:
    """As README.md shows it; the changed settings roll the Deployment by their name."""
    overlay = {
        "resources": [os.path.relpath(DEPLOY, tmp_path.resolve())],
        "images": [{"name": "akoo-core", "newName": "example.com/akoo", "newTag": "9"}],
        "configMapGenerator": [
            {
                "name": "akoo-core-config",
                "namespace": NAMESPACE,
                "behavior": "replace",
                "files": ["config.yaml"],
            }
        ],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    (tmp_path / "config.yaml").write_text("workers: 3\n")
    before, after = _rendered("."), _rendered(tmp_path)
    spec = _object(after, "Deployment")["spec"]["template"]["spec"]
    assert spec["containers"][0]["image"] == "example.com/akoo:9"
    settings_of_the_pod = spec["volumes"][0]["configMap"]["name"]
    assert settings_of_the_pod == _object(after, "ConfigMap")["metadata"]["name"]
    assert settings_of_the_pod != _object(before, "ConfigMap")["metadata"]["name"]
    assert _object(after, "ConfigMap")["data"] == {"config.yaml": "workers: 3\n"}


def test_names_of_generated_things_reach_nothing_else(base: list[Object]) -> None:
    """kustomize takes resourceNames of a Role for references to ConfigMaps of that name."""
    written = [
        role
        for file in ("clusterrole.yaml", "users.yaml")
        for role in yaml.safe_load_all((DEPLOY / "rbac" / file).read_text())
        if role["kind"] in {"ClusterRole", "Role"}
    ]
    rendered = [obj for obj in base if obj["kind"] in {"ClusterRole", "Role"}]

    def rules(roles: list[Object]) -> dict[tuple[str, str], Object]:
        return {(role["kind"], role["metadata"]["name"]): role["rules"] for role in roles}

    assert rules(rendered) == rules(written)
    assert len(rendered) == len(written) == 4


def test_kustomizations_leave_no_file_out() -> None:
    for folder in ("crds", "policies", "rbac", "base"):
        kustomization = yaml.safe_load((DEPLOY / folder / "kustomization.yaml").read_text())
        used = {name for name in kustomization["resources"] if name.endswith(".yaml")}
        generated = {"config.yaml"} if "configMapGenerator" in kustomization else set()
        there = {path.name for path in (DEPLOY / folder).glob("*.yaml")}
        assert there == used | generated | {"kustomization.yaml"}


async def test_pods_meet_the_restricted_standard(base: list[Object], server: Server) -> None:
    """The namespace enforces it: a Pod that did not would be refused here, and is."""
    labels = _object(base, "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    template = _object(base, "Deployment")["spec"]["template"]
    metadata = template["metadata"] | {"name": "trial", "namespace": NAMESPACE}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
    stored = await server.try_create(pod)
    (container,) = stored["spec"]["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    (container,) = template["spec"]["containers"]
    lax = template["spec"] | {"containers": [container | {"securityContext": {}}]}
    with pytest.raises(kubeapi.ApiError, match="violates PodSecurity"):
        await server.try_create(pod | {"spec": lax})


def test_the_pod_reads_the_settings_that_are_installed(base: list[Object]) -> None:
    """Ports, probes, settings file and namespace say the same."""
    (container,) = _object(base, "Deployment")["spec"]["template"]["spec"]["containers"]
    variables = {
        variable["name"]: variable.get("value", NAMESPACE) for variable in container["env"]
    }
    (mount,) = (
        candidate for candidate in container["volumeMounts"] if candidate["name"] == "config"
    )
    file = pathlib.PurePath(variables["AKOO_CONFIG"])
    assert str(file.parent) == mount["mountPath"]
    assert list(_object(base, "ConfigMap")["data"]) == [file.name]

    loaded = settings.load(DEPLOY / "base" / file.name, variables).settings
    assert loaded.operator_namespace == NAMESPACE
    assert loaded.leader_election.enabled
    (port,) = container["ports"]
    assert port["containerPort"] == loaded.health.port == 8081
    probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
    assert [probe["path"] for probe in probes] == ["/healthz", "/healthz", "/readyz"]
    assert {probe["port"] for probe in probes} == {port["name"]}
    (ingress,) = _object(base, "NetworkPolicy")["spec"]["ingress"]
    assert [rule["port"] for rule in ingress["ports"]] == [port["name"]]


def test_two_replicas_and_one_stays(base: list[Object]) -> None:
    deployment = _object(base, "Deployment")["spec"]
    assert deployment["replicas"] == 2
    pod = deployment["template"]["metadata"]["labels"].items()
    for kind in ("PodDisruptionBudget", "NetworkPolicy"):
        spec = _object(base, kind)["spec"]
        selector = spec.get("selector") or spec["podSelector"]
        assert selector["matchLabels"].items() <= pod
    assert _object(base, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    # SIGTERM to the end of the last request, with room to give the Lease back.
    grace = deployment["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace > settings.Settings().deadlines.shutdown_seconds * 2


def test_the_deployment_has_the_image_and_the_roles_by_name(base: list[Object]) -> None:
    spec = _object(base, "Deployment")["spec"]["template"]["spec"]
    assert spec["containers"][0]["image"] == "akoo-core:0.1.0"
    assert spec["serviceAccountName"] == _object(base, "ServiceAccount")["metadata"]["name"]
    for kind in ("ClusterRole", "Role"):
        binding = _object(base, f"{kind}Binding")
        roles = [obj["metadata"]["name"] for obj in base if obj["kind"] == kind]
        # Those for people are bound by nobody here: they are part of view, edit and admin.
        people = {"akoo-core-view", "akoo-core-edit"}
        assert [binding["roleRef"]["name"]] == [name for name in roles if name not in people]
        (subject,) = binding["subjects"]
        assert (subject["namespace"], subject["name"]) == (NAMESPACE, spec["serviceAccountName"])


def _asked(verb: str, qualified: str, name: str = "", namespace: str = "") -> Object:
    resource, _, group = qualified.partition(".")
    resource, _, subresource = resource.partition("/")
    attributes = {"verb": verb, "group": group, "resource": resource, "subresource": subresource}
    attributes |= {"name": name, "namespace": namespace}
    spec = {"user": ACCOUNT, "resourceAttributes": attributes}
    kind = "SubjectAccessReview"
    return {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "metadata": {}, "spec": spec}


LEASE = resources.LEASES.qualified
LEASE_NAME = settings.Settings().leader_election.lease_name
RIGHTS: list[tuple[Object, bool]] = [
    (_asked("update", LEASE, LEASE_NAME, NAMESPACE), True),
    (_asked("create", LEASE, "", NAMESPACE), True),
    (_asked("update", LEASE, "other", NAMESPACE), False),
    (_asked("update", LEASE, LEASE_NAME, "kube-system"), False),
    (_asked("watch", resources.CLUSTERS.qualified), True),
    (_asked("delete", resources.CLUSTERS.qualified, "shop", "team-a"), False),
    (_asked("create", resources.AKO_DEPLOYMENTS.qualified), True),
    (_asked("patch", resources.AKO_DEPLOYMENT_CONFIGS.qualified, "default"), True),
    (_asked("delete", resources.AKO_DEPLOYMENT_CONFIGS.qualified, "default"), False),
    (_asked("get", resources.SECRETS.qualified, "shop-kubeconfig", "team-a"), True),
    (_asked("create", resources.SECRETS.qualified, "", "team-a"), False),
    (_asked("delete", resources.CUSTOM_RESOURCE_DEFINITIONS.qualified, "any"), False),
]


async def test_the_service_account_may_do_its_work_and_no_more(
    base: list[Object], server: Server
) -> None:
    async def allowed(review: Object) -> bool:
        answer = await server.api.create(review)
        return bool(answer["status"]["allowed"])

    for review, wanted in sorted(RIGHTS, key=lambda right: not right[1]):
        attributes = review["spec"]["resourceAttributes"]
        if wanted:  # the server learns of new roles by a watch of its own
            await waiting.until(
                functools.partial(allowed, review), title=f"{attributes}", seconds=20
            )
        else:
            assert not await allowed(review), attributes


def _alike(obj: Object) -> Object:
    """``obj`` without that in which kustomize and `akoo-core manifests` differ by design."""
    plain = copy.deepcopy(obj)
    if plain["kind"] == "ConfigMap":
        plain["metadata"]["name"] = "akoo-core-config"
        plain["data"] = {key: yaml.safe_load(text) for key, text in plain["data"].items()}
        plain["metadata"].pop("annotations", None)
    if plain["kind"] == "Deployment":
        template = plain["spec"]["template"]
        template["metadata"]["annotations"].pop(render.SETTINGS_HASH, None)
        template["spec"]["volumes"][0]["configMap"]["name"] = "akoo-core-config"
    return plain


def test_kustomize_and_manifests_make_the_same() -> None:
    """But for definitions of plugins that deploy/ does not enable, and rights of people on them."""
    plugins = generate.plugins("ako,avi")
    made = render.objects(render.Installation(plugins, image="akoo-core:0.1.0"))
    kustomized = {_key(obj): obj for obj in map(_alike, _rendered("."))}
    printed = {_key(obj): obj for obj in map(_alike, made)}
    definitions = {key for key in kustomized if key[0] == "CustomResourceDefinition"}
    assert kustomized.keys() - definitions == printed.keys() - definitions
    assert printed.keys() <= kustomized.keys()
    people = {("ClusterRole", "akoo-core-view"), ("ClusterRole", "akoo-core-edit")}
    for key, obj in printed.items():
        if key not in people:
            assert kustomized[key] == obj, key


def _key(obj: Object) -> tuple[str, str]:
    return obj["kind"], obj["metadata"]["name"]


async def test_a_server_takes_all_of_it_in_another_namespace(server: Server) -> None:
    plugins = generate.plugins("ako,avi,vsphere")
    made = render.objects(render.Installation(plugins, "load-balancers", "example.com/akoo:1"))
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "load-balancers"}}
    await server.api.apply(namespace)
    for obj in made:
        metadata = obj["metadata"]
        path = await server.api.path(
            kubeapi.kind_of(obj), metadata.get("namespace"), metadata["name"]
        )
        strict = {
            "fieldManager": "test",
            "fieldValidation": "Strict",
            "dryRun": "All",
            "force": "true",
        }
        await server.api.request(
            "PATCH", path, obj, params=strict, content_type="application/apply-patch+yaml"
        )


def test_definitions_are_the_ones_the_message_speaks_of() -> None:
    """deploy/crds has the definitions of the core and of every plugin of this checkout."""
    names = {obj["metadata"]["name"] for obj in _rendered("crds")}
    files = [obj for obj in definitions.load(DEPLOY / "crds") if obj["kind"] != "Kustomization"]
    assert names == {obj["metadata"]["name"] for obj in files}
    assert names == {
        resources.AKO_DEPLOYMENTS.qualified,
        resources.AKO_DEPLOYMENT_CONFIGS.qualified,
        avi_resources.AVI_CONTROLLERS.qualified,
        avi_resources.AVI_IP_POOLS.qualified,
        vsphere_resources.CONNECTIONS.qualified,
        vsphere_resources.PORT_GROUPS.qualified,
        tenancy_tenant.AVI_TENANTS.qualified,
    }
