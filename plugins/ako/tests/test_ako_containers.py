"""Containers and claims of values that an API server would refuse are refused, with their path."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_ako import options
from akoo_ako.chart import kubernetes
from akoo_ako.refusals import refusal
from akoo_ako.rendering import statefulset

SIDE = {"name": "side", "image": "registry.example.com/side:1"}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
ENV: dict[str, Any] = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}


def refused(build: Any, values: dict[str, Any]) -> str:
    """The message of the refusal, without the path of the values."""
    chosen = options.Options(version="2.1.1", values=values)
    with pytest.raises(refusal.Refusal) as caught:
        build.desired(None, chosen)
    assert caught.value.reason == "ConfigInvalid"
    return str(caught.value).removeprefix("spec.plugins.ako.values.")


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ({"prots": []}, '.prots: is no field of a Container that is taken here. Did you mean "p'),
        ({"env": {"A": "b"}}, ".env: is not a list."),
        ({"env": ["A"]}, ".env[0]: is not an object."),
        ({"env": [{"nam": "A"}]}, ".env[0].nam: is no field of a EnvVar that is taken here. Did"),
        ({"env": [{"value": "A"}]}, ".env[0].name: is not there. Each EnvVar has one."),
        ({"env": [{"name": "A", "value": 1}]}, ".env[0].value: is not a text."),
        ({"env": [{"name": "a b"}]}, ".env[0].name: 'a b' is no name of a variable."),
        ({"env": [{**ENV, "value": "a"}]}, ".env[0]: has value and valueFrom. Keep one"),
        (
            {"env": [{**ENV, "valueFrom": {**ENV["valueFrom"], "fieldRef": {"fieldPath": "a"}}}]},
            ".env[0].valueFrom: has not exactly one of",
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec"}}}]},
            ".env[0].valueFrom.fieldRef.fieldPath: 'spec' is no field that a Pod shows.",
        ),
        ({"ports": [{"containerPort": "80"}]}, ".ports[0].containerPort: is not a whole number"),
        ({"ports": [{"containerPort": 0}]}, ".ports[0].containerPort: is not between 1 and 65535"),
        ({"ports": [{"containerPort": 1, "protocol": "tcp"}]}, "protocol: 'tcp' is none of TCP, "),
        ({"ports": [{"containerPort": 1, "name": "A"}]}, ".ports[0].name: 'A' is no name of a p"),
        (
            {"ports": [{"containerPort": 1, "hostPort": 1}, {"containerPort": 2, "hostPort": 1}]},
            ".ports: opens port 1 of the node twice.",
        ),
        ({"env": [{"name": "A"}] * 2}, ".env[1]: A is there twice. A server keeps one."),
        ({"ports": [{"containerPort": 1}] * 2}, ".ports[1]: 1, TCP is there twice."),
        ({"tty": "yes"}, ".tty: is not true or false."),
        ({"args": [1]}, ".args[0]: is not a text."),
        ({"imagePullPolicy": "always"}, ".imagePullPolicy: 'always' is none of Always, IfNot"),
        ({"image": "a "}, ".image: begins or ends with a space."),
        ({"volumeDevices": []}, ".volumeDevices: is no field of a Container that is taken here."),
        (
            {"volumeMounts": [{"name": "logs", "mountPath": "/a"}]},
            ".volumeMounts[0].name: 'logs' is no volume of AKO's Pod (has none).",
        ),
        ({"livenessProbe": {"periodSeconds": 5}}, ".livenessProbe: has not exactly one of exec, "),
        (
            {"livenessProbe": {"tcpSocket": {"port": 1}, "periodSeconds": -1}},
            ".livenessProbe.periodSeconds: is not a whole number from 0 to",
        ),
        (
            {"livenessProbe": {"tcpSocket": {"port": 1}, "successThreshold": 2}},
            ".livenessProbe.successThreshold: is not 1.",
        ),
        ({"livenessProbe": {"httpGet": {"port": "A"}}}, ".httpGet.port: is not a port from 1 to"),
        ({"lifecycle": {"preStop": {"exec": {"command": []}}}}, "exec.command: is not there."),
        ({"resources": {"limits": {"cpu": "lots"}}}, ".resources.limits.cpu: is not a quantity"),
        ({"resources": {"limits": {"disk": 1}}}, ".resources.limits: 'disk' is no resource"),
        (
            {"securityContext": {"privileged": True}},
            ".securityContext.allowPrivilegeEscalation: is not true, but privileged needs it.",
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Localhost"}}},
            ".securityContext.seccompProfile.localhostProfile: belongs to type Localhost",
        ),
    ],
)
def test_a_container_that_a_server_would_refuse(
    build: Any, part: dict[str, Any], problem: str
) -> None:
    message = refused(build, {"extraContainers": [{**SIDE, **part}]})
    assert message.startswith("extraContainers[0].")
    assert problem in message


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ({"storageClas": "a"}, ".storageClas: is no field of a PersistentVolumeClaimSpec that is"),
        ({"volumeMode": "Block"}, ".volumeMode: 'Block' is none of Filesystem."),
        ({"volumeName": "a b"}, ".volumeName: 'a b' is no name of a volume."),
        ({"selector": {"matchLabels": {"a b": "c"}}}, ".selector.matchLabels: a b=c is no label."),
        (
            {"resources": {"requests": {"storage": "2Gi"}, "limits": {"storage": "1Gi"}}},
            ".resources.limits.storage: is less than the request.",
        ),
        (
            {"resources": {"requests": {"storage": "2Gi", "cpu": "1"}}},
            ".resources.requests.cpu: is not storage.",
        ),
    ],
)
def test_a_claim_that_a_server_would_refuse(build: Any, part: dict[str, Any], problem: str) -> None:
    message = refused(build, {"persistentVolumeClaimSpec": {**CLAIM, **part}})
    assert message.startswith(f"persistentVolumeClaimSpec{problem}")


def test_a_container_with_all_that_is_usual(build: Any) -> None:
    """As a server shows it, with its defaults."""
    side = {
        **SIDE,
        "command": ["/bin/reader"],
        "env": [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}, ENV],
        "envFrom": [{"configMapRef": {"name": "more", "optional": True}, "prefix": "X_"}],
        "imagePullPolicy": "IfNotPresent",
        "lifecycle": {"preStop": {"exec": {"command": ["/bin/sleep", "1"]}}},
        "livenessProbe": {
            "failureThreshold": 3,
            "httpGet": {"path": "/", "port": "web", "scheme": "HTTP"},
            "successThreshold": 1,
            "timeoutSeconds": 1,
        },
        "ports": [{"containerPort": 8080, "name": "web", "protocol": "TCP"}],
        "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "100m"}},
        "securityContext": {"runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "volumeMounts": [{"name": "ako-pv-storage", "mountPath": "/log", "readOnly": True}],
    }
    values = {"extraContainers": [side], "persistentVolumeClaimSpec": CLAIM}
    wanted = build.desired(None, options.Options(version="2.1.1", values=values))
    assert wanted.values.pod["extraContainers"] == [side]


def test_a_server_leaves_out_what_is_false_or_0(build: Any) -> None:
    """Else the StatefulSet would differ from it for ever."""
    probe = {"tcpSocket": {"port": 1}, "periodSeconds": 0, "terminationGracePeriodSeconds": 1}
    security = {"runAsNonRoot": False, "runAsUser": 0}
    port = {"containerPort": 1, "hostPort": 0}
    more = {"ports": [port], "livenessProbe": probe, "securityContext": security}
    values = {"extraContainers": [{**SIDE, "tty": False, "stdin": True, **more}]}
    wanted = build.desired(
        None, options.Options(version="2.1.1", values=values, pod_security="Vendor")
    )
    rendered = statefulset.render(wanted, "hash")["spec"]["template"]["spec"]["containers"][1]
    del probe["periodSeconds"], port["hostPort"]
    assert rendered == {**SIDE, "stdin": True, **more}


def test_the_types_name_each_other() -> None:
    """Each type that a field has is there, and each rule is about a field."""
    plain = {"text", "flag", "number", "port", "quantity"}
    used = {kind.strip("[]{}") for fields in kubernetes.FIELDS.values() for kind in fields.values()}
    assert used - plain <= set(kubernetes.FIELDS)
    assert set(kubernetes.FIELDS) - used == {kubernetes.CONTAINER, kubernetes.CLAIM}
    rules = [
        *((kind, key) for kind, keys in kubernetes.REQUIRED.items() for key in keys),
        *kubernetes.CHOICES,
        *((kind, key) for kind, keys in kubernetes.EXACTLY_ONE.items() for key in keys),
    ]
    assert [rule for rule in rules if rule[1] not in kubernetes.FIELDS[rule[0]]] == []
