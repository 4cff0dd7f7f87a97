"""The state of Avi Controllers: conditions of AviControllers and of configs."""

from __future__ import annotations

import base64
import pathlib
from typing import Any, ClassVar

import pytest
import yaml
from akoo_avi import client
from akoo_avi.client.access import avi_controller as avi_controller_
from akoo_avi.client.access import refusal
from akoo_avi.controllers import conditions as controller_conditions
from akoo_avi.controllers import configs, health, reconcile
from akoo_avi.place import catalog
from akoo_avi.spec import resources
from akoo_avi.testing.memory import PASSWORD, memory_controllers
from akoo_testbed import avisim
from akoo_testbed.avisim import client as admins
from akoo_testbed.avisim import faults

from akoo_core import structs, testing
from akoo_core.kube import resource as kube_resource
from akoo_core.objects import conditions
from akoo_core.plugin import api
from akoo_core.plugin import errors as core_errors
from akoo_core.testing import builders

ADDRESS = "avi.example.com"
SPACE = "akoo-system"
CRD = pathlib.Path(__file__).parents[3] / "deploy" / "crds" / "avicontrollers.yaml"

Object = dict[str, Any]


class Looking(api.Plugin):
    """Only the two controllers."""

    rbac: ClassVar[tuple[api.RbacRule, ...]] = (*reconcile.RIGHTS, *configs.RIGHTS)

    def __init__(self, clients: client.Controllers) -> None:
        super().__init__()
        self.name = "avi"
        self._clients = clients

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return (
            reconcile.AviControllers(self._clients).registration(),
            configs.ConfigControllers(self._clients, catalog.Catalogs(seconds=0)).registration(),
        )


@pytest.fixture
def avi() -> avisim.Controller:
    return avisim.Controller(password=PASSWORD)


@pytest.fixture
def plugin(avi: avisim.Controller) -> Looking:
    return Looking(memory_controllers({ADDRESS: avi}))


def secret(password: str = PASSWORD, username: str = "admin") -> Object:
    data = {"username": username, "password": password}
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    metadata = {"name": "account", "namespace": SPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded}


def avi_controller(**spec: Any) -> Object:
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "AviController",
        "metadata": {"name": "main"},
        "spec": {
            "address": ADDRESS,
            "credentialRef": {"namespace": SPACE, "name": "account"},
            **spec,
        },
    }


def config(**spec: Any) -> Object:
    config = builders.config()
    changed = {
        "controller": ADDRESS,
        "adminCredentialRef": {"namespace": SPACE, "name": "account"},
        **spec,
    }
    spec_ = {**config["spec"], **changed}
    spec_.pop("certificateAuthorityRef", None)
    metadata = {"name": config["metadata"]["name"]}
    kept = {key: field for key, field in spec_.items() if field is not None}
    return {**config, "metadata": metadata, "spec": kept}


def world(*objects: Object, account: Object | None = None) -> testing.World:
    return testing.World(
        secrets=[account or secret()],
        management=objects,
        resources=[resources.AVI_CONTROLLERS],
    )


def run(plugin: Looking, there: testing.World, name: str = "main") -> Object:
    """Reconcile the AviController; its status."""
    testing.run_reconcile(plugin, "controllers", name, there)
    (controller,) = there.management.objects(resources.AVI_CONTROLLERS)
    status: Object = controller.get("status") or {}
    return status


def condition_of(status: Object, kind: str) -> tuple[str, str]:
    condition = next(condition for condition in status["conditions"] if condition["type"] == kind)
    return condition["status"], condition["reason"]


def test_a_controller_that_is_well(plugin: Looking) -> None:
    there = world(avi_controller())
    status = run(plugin, there)
    assert condition_of(status, "Ready") == ("True", "Usable")
    assert {condition["status"] for condition in status["conditions"]} == {"True"}
    assert status["version"] == "30.2.2"
    assert status["clusterUuid"].startswith("cluster-")
    assert status["licenseTier"]
    again = testing.run_reconcile(plugin, "controllers", "main", there)
    assert not [write for write in again.writes if "avicontrollers" in write], (
        "nothing new was said"
    )


@pytest.mark.parametrize(("password", "ready"), [(PASSWORD, "True"), ("c4nary", "False")])
def test_conditions_of_others_are_kept_as_they_are(
    plugin: Looking, password: str, ready: str
) -> None:
    """Another plugin may have something to say about a controller, in its own way."""
    theirs = [
        {"type": "Known", "status": "False", "reason": "Looked", "message": "m" * 2000},
        {"type": "Strange", "status": "True", "reason": "as they like"},
    ]
    controller = {**avi_controller(), "status": {"conditions": theirs}}
    there = world(controller, account=secret(password))
    for _ in range(2):
        rows = run(plugin, there)["conditions"]
        assert [row for row in rows if row["type"] in ("Known", "Strange")] == theirs
        assert condition_of({"conditions": rows}, "Ready")[0] == ready
    again = testing.run_reconcile(plugin, "controllers", "main", there)
    assert not [write for write in again.writes if "avicontrollers" in write]


def test_a_wrong_password_is_tried_once_in_five_minutes(
    plugin: Looking, avi: avisim.Controller
) -> None:
    there = world(avi_controller(), account=secret("c4nary-password"))
    status = run(plugin, there)
    assert condition_of(status, "Ready") == ("False", "CredentialRefused")
    assert condition_of(status, "Reachable")[0] == "True"
    assert condition_of(status, "ClusterUp") == ("Unknown", "NotAsked")
    logins = len(avi.journal.entries(path="/login"))
    result = testing.run_reconcile(plugin, "controllers", "main", there).result
    assert isinstance(result, api.Done)
    assert result.recheck_seconds == reconcile.REFUSED_SECONDS
    assert len(avi.journal.entries(path="/login")) == logins
    assert "c4nary" not in str(status)


def test_what_was_known_stays_while_nothing_is_found(
    plugin: Looking, avi: avisim.Controller
) -> None:
    there = world(avi_controller())
    before = run(plugin, there)
    avi.faults.add(faults.Fault(answer="booting", times=None))
    status = run(plugin, there)
    assert condition_of(status, "Ready") == ("False", "ControllerNotReady")
    assert status["version"] == before["version"]


def test_a_secret_that_is_missing_is_named(plugin: Looking) -> None:
    status = run(plugin, world(avi_controller(), account=builders.secret(SPACE, "other", x="y")))
    assert condition_of(status, "CredentialValid") == ("False", "SecretMissing")
    assert condition_of(status, "Reachable") == ("Unknown", "NotAsked")
    ready = next(condition for condition in status["conditions"] if condition["type"] == "Ready")
    assert f"{SPACE}/account" in ready["message"]


def test_missing_permissions_are_named(plugin: Looking, avi: avisim.Controller) -> None:
    admin = admins.Client(avi, password=PASSWORD)
    role = admin.get("role?name=System-Admin")["results"][0]
    body = {
        "name": "narrow",
        "tenant_ref": role["tenant_ref"],
        "privileges": [p for p in role["privileges"] if p["resource"] != "PERMISSION_POOL"],
    }
    admin.post("role", body)
    access = {"role_ref": "/api/role/?name=narrow", "all_tenants": True}
    access["tenant_ref"] = "/api/tenant/?name=admin"
    admin.post("user", {"name": "narrow", "password": "Of-narrow-123", "access": [access]})
    there = world(avi_controller(), account=secret("Of-narrow-123", "narrow"))
    status = run(plugin, there)
    assert condition_of(status, "PermissionsSufficient") == ("False", "NoSight")
    message = next(condition for condition in status["conditions"] if condition["type"] == "Ready")[
        "message"
    ]
    assert "PERMISSION_POOL" in message


def test_a_config_says_how_its_controller_is(plugin: Looking) -> None:
    there = world(config())
    name = config()["metadata"]["name"]
    testing.run_reconcile(plugin, "configs", name, there)
    condition = _config_condition(there)
    assert (condition["status"], condition["reason"]) == ("True", "Usable")
    again = testing.run_reconcile(plugin, "configs", name, there)
    assert not again.writes or all("akodeploymentconfigs" not in write for write in again.writes)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"cloudName": "other", "serviceEngineGroup": "nope"}, "CloudNotFound"),
        ({"serviceEngineGroup": "nope"}, "ServiceEngineGroupNotFound"),
        ({"serviceEngineGroup": ""}, "ConfigInvalid"),
        ({"plugins": {"ako": {"vpcMode": True}}}, "VpcModeUnsupported"),
    ],
)
def test_a_config_is_judged_whole_before_any_cluster(
    plugin: Looking, spec: Object, reason: str
) -> None:
    placed = {"cloudName": "Default-Cloud", "serviceEngineGroup": "Default-Group", **spec}
    there = world(config(**placed))
    testing.run_reconcile(plugin, "configs", config()["metadata"]["name"], there)
    condition = _config_condition(there)
    assert (condition["status"], condition["reason"]) == ("False", reason)


def test_a_config_that_names_a_controller_says_what_that_says(plugin: Looking) -> None:
    named = config(plugins={"avi": {"controller": "main"}}, controller=None)
    there = world(named, avi_controller())
    run(plugin, there)
    testing.run_reconcile(plugin, "configs", named["metadata"]["name"], there)
    assert _config_condition(there)["status"] == "True"


def test_a_config_that_names_no_controller_there_is(plugin: Looking) -> None:
    named = config(plugins={"avi": {"controller": "other"}})
    there = world(named)
    testing.run_reconcile(plugin, "configs", named["metadata"]["name"], there)
    condition = _config_condition(there)
    assert (condition["status"], condition["reason"]) == ("False", "ControllerNotFound")


def _config_condition(there: testing.World) -> Object:
    (config,) = there.management.objects(kube_resource.AKO_DEPLOYMENT_CONFIGS)
    listed: list[Object] = config["status"]["conditions"]
    return next(condition for condition in listed if condition["type"] == configs.TYPE)


ERRORS = [
    core_errors.SecretMissingError("x"),
    core_errors.SecretNamespaceNotAllowedError("x"),
    refusal.Refusal("HostNotAllowed", "x"),
    *(
        kind("x")
        for kind in vars(client).values()
        if isinstance(kind, type) and issubclass(kind, client.AviError)
    ),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_error_makes_exactly_one_question_false(error: Exception) -> None:
    listed = controller_conditions.of_error(error)
    assert [condition.type for condition in listed] == ["Ready", *controller_conditions.QUESTIONS]
    wrong = [condition for condition in listed[1:] if condition.status == "False"]
    assert len(wrong) == 1
    assert listed[0].reason == wrong[0].reason
    assert listed[0].message == str(error)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": "CLUSTER_STARTING"}, "ControllerNotReady"),
        ({"unseen": "user x sees nothing"}, "NoSight"),
        ({"state": "CLUSTER_STARTING", "unseen": "x"}, "ControllerNotReady"),
        ({}, "Usable"),
        ({"state": ""}, "Usable"),
    ],
)
def test_what_was_found_is_judged(changes: Object, reason: str) -> None:
    fields: Object = {"address": ADDRESS, "state": "CLUSTER_UP_NO_HA", "version": "30.2.2"}
    ready = controller_conditions.of_health(health.ControllerHealth(**(fields | changes)))[0]
    assert ready.reason == reason
    assert (ready.status == "True") is (reason == "Usable")


def test_the_crd_is_the_struct() -> None:
    (version,) = yaml.safe_load(CRD.read_text())["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]["properties"]
    for part, kind in (
        ("spec", avi_controller_.AviControllerSpec),
        ("status", avi_controller_.AviControllerStatus),
    ):
        keys = {field.key: field.required for field in structs.fields(kind)}
        assert set(schema[part]["properties"]) == set(keys)
        required = {key for key, must in keys.items() if must}
        assert set(schema[part].get("required", ())) == required
    listed = schema["status"]["properties"]["conditions"]["items"]["properties"]
    assert set(listed) == {field.key for field in structs.fields(conditions.Condition)}
