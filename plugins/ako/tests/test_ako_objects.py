"""AKO's manifests: what each setting makes of them, and what must never change."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_ako import names, options
from akoo_ako.releases import loading
from akoo_ako.releases.release import Image
from akoo_ako.rendering import crds, objects, rbac, statefulset

GATEWAY = {"extraConfigs.featureGates.GatewayAPI": True}


def listing(build: Any, changes: Any = None, ako_options: Any = None) -> list[str]:
    rendered = objects.render(build.desired(changes, ako_options))
    return [f"{obj['kind']}/{obj['metadata']['name']}" for obj in rendered]


def pod_spec(build: Any, changes: Any = None, ako_options: Any = None) -> dict[str, Any]:
    template = statefulset.render(build.desired(changes, ako_options), "h")["spec"]["template"]
    return template["spec"]  # type: ignore[no-any-return]


def test_what_a_cluster_gets(build: Any) -> None:
    listed = listing(build)
    assert [line for line in listed if not line.startswith("CustomResourceDefinition/")] == [
        "Namespace/avi-system",
        "ServiceAccount/ako-sa",
        "ClusterRole/ako-cr",
        "ClusterRoleBinding/ako-crb",
        "ConfigMap/avi-k8s-config",
        "StatefulSet/ako",
        "IngressClass/avi-lb",
    ]
    assert len(listed) == 7 + len(crds.KINDS)


def test_ingress_class_can_be_left_to_others(build: Any) -> None:
    assert "IngressClass/avi-lb" not in listing(
        build, {"extraConfigs.ingress.disableIngressClass": True}
    )


@pytest.mark.parametrize("default", [True, False])
def test_default_ingress_class(build: Any, default: bool) -> None:
    wanted = build.desired({"extraConfigs.ingress.defaultIngressController": default})
    (ingress_class,) = (obj for obj in objects.render(wanted) if obj["kind"] == "IngressClass")
    annotations = ingress_class["metadata"].get("annotations", {})
    assert (annotations == {"ingressclass.kubernetes.io/is-default-class": "true"}) is default
    assert ingress_class["spec"] == {"controller": "ako.vmware.com/avi-lb"}


def test_gateway_api_adds_container_class_and_rights(build: Any) -> None:
    assert "GatewayClass/avi-lb" in listing(build, GATEWAY)
    ako, gateway = pod_spec(build, GATEWAY)["containers"]
    assert gateway["image"] == "projects.packages.broadcom.com/ako/ako-gateway-api:2.1.1"
    variables = {variable["name"] for variable in gateway["env"]}
    assert variables < {variable["name"] for variable in ako["env"]}
    assert not {"VRF_NAME", "DISABLE_STATIC_ROUTE_SYNC", "IP_FAMILY"} & variables
    groups = [rule["apiGroups"][0] for rule in rbac.rules(build.desired(GATEWAY))]
    assert "gateway.networking.k8s.io" in groups
    assert "gateway.networking.k8s.io" not in [
        rule["apiGroups"][0] for rule in rbac.rules(build.desired())
    ]


def test_a_second_ako_leaves_the_clusters_things_alone(build: Any) -> None:
    assert listing(build, {"extraConfigs.primaryInstance": False, **GATEWAY}) == [
        "Namespace/avi-system",
        "ServiceAccount/ako-sa",
        "ClusterRole/ako-cr-avi-system",
        "ClusterRoleBinding/ako-crb-avi-system",
        "ConfigMap/avi-k8s-config",
        "StatefulSet/ako",
    ]


def test_binding_binds_account_to_role(build: Any) -> None:
    account, role, binding = rbac.render(build.desired())
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    (subject,) = binding["subjects"]
    assert {key: subject[key] for key in ("name", "namespace")} == account["metadata"]
    assert pod_spec(build)["serviceAccountName"] == subject["name"]


def test_rights_follow_the_release(build: Any) -> None:
    def own(version: str) -> set[str]:
        rules = rbac.rules(build.desired(None, options.Options(version=version)))
        return {
            r
            for rule in rules
            if rule["apiGroups"] == ["ako.vmware.com"]
            for r in rule["resources"]
        }

    assert own("2.1.1") - own("1.13.4") == {
        f"{kind}{suffix}"
        for kind in ("healthmonitors", "routebackendextensions", "applicationprofiles")
        for suffix in ("", "/status")
    }


@pytest.mark.parametrize("before", loading.table().versions)
def test_any_release_can_follow_any_other_in_place(build: Any, before: str) -> None:
    def immutable(version: str) -> dict[str, Any]:
        spec = statefulset.render(build.desired(GATEWAY, options.Options(version=version)), "h")[
            "spec"
        ]
        allowed = {"replicas", "ordinals", "template", "updateStrategy", "minReadySeconds"}
        return {key: value for key, value in spec.items() if key not in allowed}

    assert immutable(before) == {
        "serviceName": "ako",
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": names.SELECTOR},
    }


def test_pod_satisfies_pod_security_restricted(build: Any) -> None:
    spec = pod_spec(build, GATEWAY)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] != 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        }


def test_vendor_pod_security_is_none(build: Any) -> None:
    spec = pod_spec(build, None, options.Options(pod_security="Vendor"))
    assert "securityContext" not in spec
    assert "securityContext" not in spec["containers"][0]


def test_image_of_a_mirror_by_digest(build: Any) -> None:
    image = Image(repository="mirror/ako", digest=f"sha256:{0:064}")
    ako_options = options.Options(
        image=image, image_pull_secrets=("pull",), image_pull_policy="Always"
    )
    spec = pod_spec(build, None, ako_options)
    assert spec["containers"][0]["image"] == f"mirror/ako:2.1.1@sha256:{0:064}"
    assert spec["containers"][0]["imagePullPolicy"] == "Always"
    assert spec["imagePullSecrets"] == [{"name": "pull"}]


def test_placement_and_resources(build: Any) -> None:
    toleration = {"key": "infra", "operator": "Exists"}
    ako_options = options.Options(
        node_selector={"pool": "infra"},
        tolerations=(toleration,),
        resources={"requests": {"cpu": "1"}},
    )
    spec = pod_spec(build, None, ako_options)
    assert spec["nodeSelector"] == {"pool": "infra"}
    assert spec["tolerations"] == [toleration]
    assert spec["containers"][0]["resources"] == {"requests": {"cpu": "1"}}


def test_probes_and_metrics_follow_the_port(build: Any) -> None:
    ako_options = options.Options(enable_prometheus=True)
    wanted = build.desired({"extraConfigs.apiServerPort": 9090}, ako_options)
    template = statefulset.render(wanted, "h")["spec"]["template"]
    (container,) = template["spec"]["containers"]
    for probe in ("livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": "/api/status", "port": 9090}
    assert container["ports"][0]["containerPort"] == 9090
    assert template["metadata"]["annotations"]["prometheus.io/port"] == "9090"


def test_log_volume(build: Any) -> None:
    log = {"persistentVolumeClaim": "logs", "mountPath": "/var/ako", "akoGatewayLogFile": "g.log"}
    spec = pod_spec(build, {"extraConfigs.log": log, **GATEWAY})
    assert [volume["persistentVolumeClaim"]["claimName"] for volume in spec["volumes"]] == ["logs"]
    for container, file in zip(spec["containers"], ("avi.log", "g.log"), strict=True):
        env = {variable["name"]: variable.get("value") for variable in container["env"]}
        assert (env["USE_PVC"], env["LOG_FILE_PATH"], env["LOG_FILE_NAME"]) == (
            "true",
            "/var/ako",
            file,
        )
        assert container["volumeMounts"][0]["mountPath"] == "/var/ako"


def test_istio_mounts_a_volume_that_exists(build: Any) -> None:
    spec = pod_spec(build, {"extraConfigs.istioEnabled": True})
    mounted = {mount["name"] for mount in spec["containers"][0]["volumeMounts"]}
    assert mounted == {volume["name"] for volume in spec["volumes"]} == {"istio-certs"}


def test_tier_1_variable_only_when_set(build: Any) -> None:
    def variables(changes: Any = None) -> set[str]:
        return {variable["name"] for variable in pod_spec(build, changes)["containers"][0]["env"]}

    changes = {"extraConfigs.networksConfig.nsxtT1LR": "/infra/tier-1s/t"}
    assert variables(changes) - variables() == {"NSXT_T1_LR"}


def test_no_object_carries_a_secret_or_our_labels(build: Any) -> None:
    for obj in objects.render(build.desired()):
        assert obj["kind"] != "Secret"
        assert "akoo.io/record" not in obj["metadata"].get("labels", {})


def test_kinds_are_stored_once_and_named_after_their_plural() -> None:
    for crd in crds.render(loading.table().release("2.1.1", "test")):
        spec = crd["spec"]
        assert crd["metadata"]["name"] == f"{spec['names']['plural']}.{spec['group']}"
        assert [v["storage"] for v in spec["versions"]].count(True) == 1
