"""Fields of Kubernetes that values of the chart may hold: from its OpenAPI (1.36), as data.

Left out is all that AKO's Pod cannot have (block devices, claims of resources, Windows), and all
that the oldest supported API servers drop without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TEXT: Final = "text"
FLAG: Final = "flag"
NUMBER: Final = "number"
PORT: Final = "port"
"""A number, or the name of a port."""
QUANTITY: Final = "quantity"

CONTAINER: Final = "Container"
CLAIM: Final = "PersistentVolumeClaimSpec"

_KEY: Final = {"key": TEXT, "name": TEXT, "optional": FLAG}
_NAME: Final = {"name": TEXT, "optional": FLAG}

FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "Capabilities": {"add": "[text]", "drop": "[text]"},
    "ConfigMapEnvSource": _NAME,
    "ConfigMapKeySelector": _KEY,
    CONTAINER: {
        "args": "[text]",
        "command": "[text]",
        "env": "[EnvVar]",
        "envFrom": "[EnvFromSource]",
        "image": TEXT,
        "imagePullPolicy": TEXT,
        "lifecycle": "Lifecycle",
        "livenessProbe": "Probe",
        "name": TEXT,
        "ports": "[ContainerPort]",
        "readinessProbe": "Probe",
        "resources": "ResourceRequirements",
        "securityContext": "SecurityContext",
        "startupProbe": "Probe",
        "stdin": FLAG,
        "stdinOnce": FLAG,
        "terminationMessagePath": TEXT,
        "terminationMessagePolicy": TEXT,
        "tty": FLAG,
        "volumeMounts": "[VolumeMount]",
        "workingDir": TEXT,
    },
    "ContainerPort": {
        "containerPort": NUMBER,
        "hostPort": NUMBER,
        "name": TEXT,
        "protocol": TEXT,
    },
    "EnvFromSource": {
        "configMapRef": "ConfigMapEnvSource",
        "prefix": TEXT,
        "secretRef": "SecretEnvSource",
    },
    "EnvVar": {"name": TEXT, "value": TEXT, "valueFrom": "EnvVarSource"},
    "EnvVarSource": {
        "configMapKeyRef": "ConfigMapKeySelector",
        "fieldRef": "ObjectFieldSelector",
        "resourceFieldRef": "ResourceFieldSelector",
        "secretKeyRef": "SecretKeySelector",
    },
    "ExecAction": {"command": "[text]"},
    "GRPCAction": {"port": NUMBER, "service": TEXT},
    "HTTPGetAction": {
        "host": TEXT,
        "httpHeaders": "[HTTPHeader]",
        "path": TEXT,
        "port": PORT,
        "scheme": TEXT,
    },
    "HTTPHeader": {"name": TEXT, "value": TEXT},
    "LabelSelector": {"matchLabels": "{text}"},
    "Lifecycle": {"postStart": "LifecycleHandler", "preStop": "LifecycleHandler"},
    "LifecycleHandler": {
        "exec": "ExecAction",
        "httpGet": "HTTPGetAction",
        "tcpSocket": "TCPSocketAction",
    },
    "ObjectFieldSelector": {"apiVersion": TEXT, "fieldPath": TEXT},
    CLAIM: {
        "accessModes": "[text]",
        "resources": "VolumeResourceRequirements",
        "selector": "LabelSelector",
        "storageClassName": TEXT,
        "volumeMode": TEXT,
        "volumeName": TEXT,
    },
    "Probe": {
        "exec": "ExecAction",
        "failureThreshold": NUMBER,
        "grpc": "GRPCAction",
        "httpGet": "HTTPGetAction",
        "initialDelaySeconds": NUMBER,
        "periodSeconds": NUMBER,
        "successThreshold": NUMBER,
        "tcpSocket": "TCPSocketAction",
        "terminationGracePeriodSeconds": NUMBER,
        "timeoutSeconds": NUMBER,
    },
    "ResourceFieldSelector": {"containerName": TEXT, "divisor": QUANTITY, "resource": TEXT},
    "ResourceRequirements": {"limits": "{quantity}", "requests": "{quantity}"},
    "SELinuxOptions": {"level": TEXT, "role": TEXT, "type": TEXT, "user": TEXT},
    "SeccompProfile": {"localhostProfile": TEXT, "type": TEXT},
    "SecretEnvSource": _NAME,
    "SecretKeySelector": _KEY,
    "SecurityContext": {
        "allowPrivilegeEscalation": FLAG,
        "capabilities": "Capabilities",
        "privileged": FLAG,
        "procMount": TEXT,
        "readOnlyRootFilesystem": FLAG,
        "runAsGroup": NUMBER,
        "runAsNonRoot": FLAG,
        "runAsUser": NUMBER,
        "seLinuxOptions": "SELinuxOptions",
        "seccompProfile": "SeccompProfile",
    },
    "TCPSocketAction": {"host": TEXT, "port": PORT},
    "VolumeMount": {
        "mountPath": TEXT,
        "mountPropagation": TEXT,
        "name": TEXT,
        "readOnly": FLAG,
        "subPath": TEXT,
        "subPathExpr": TEXT,
    },
    "VolumeResourceRequirements": {"limits": "{quantity}", "requests": "{quantity}"},
}
"""Fields of each type, with their types: ``[T]`` is a list, ``{T}`` an object with any keys."""

REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "ConfigMapEnvSource": ("name",),
    "ConfigMapKeySelector": ("name", "key"),
    CONTAINER: ("name", "image"),
    "ContainerPort": ("containerPort",),
    "EnvVar": ("name",),
    "ExecAction": ("command",),
    "GRPCAction": ("port",),
    "HTTPGetAction": ("port",),
    "HTTPHeader": ("name",),
    "ObjectFieldSelector": ("fieldPath",),
    "ResourceFieldSelector": ("resource",),
    "SeccompProfile": ("type",),
    "SecretEnvSource": ("name",),
    "SecretKeySelector": ("name", "key"),
    "TCPSocketAction": ("port",),
    "VolumeMount": ("name", "mountPath"),
}
"""Fields without which a server refuses the object. Empty values count as absent."""

CHOICES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    (CONTAINER, "imagePullPolicy"): ("Always", "IfNotPresent", "Never"),
    (CONTAINER, "terminationMessagePolicy"): ("File", "FallbackToLogsOnError"),
    ("ContainerPort", "protocol"): ("TCP", "UDP", "SCTP"),
    ("HTTPGetAction", "scheme"): ("HTTP", "HTTPS"),
    ("ObjectFieldSelector", "apiVersion"): ("v1",),
    (CLAIM, "volumeMode"): ("Filesystem",),
    ("SeccompProfile", "type"): ("RuntimeDefault", "Unconfined", "Localhost"),
    ("SecurityContext", "procMount"): ("Default",),
    ("VolumeMount", "mountPropagation"): ("None", "HostToContainer"),
}
"""The texts that a field takes; Bidirectional needs a privileged container, Block a device."""

EXACTLY_ONE: Final[Mapping[str, frozenset[str]]] = {
    "EnvFromSource": frozenset({"configMapRef", "secretRef"}),
    "EnvVarSource": frozenset(FIELDS["EnvVarSource"]),
    "LifecycleHandler": frozenset(FIELDS["LifecycleHandler"]),
    "Probe": frozenset({"exec", "grpc", "httpGet", "tcpSocket"}),
}
"""Types of which exactly one of these fields is set."""

LEFT_OUT: Final[Mapping[str, frozenset[str]]] = {
    CONTAINER: frozenset({"stdin", "stdinOnce", "tty"}),
    "ContainerPort": frozenset({"hostPort"}),
    "Probe": frozenset(
        {
            *("failureThreshold", "initialDelaySeconds", "periodSeconds"),
            *("successThreshold", "timeoutSeconds"),
        }
    ),
    "VolumeMount": frozenset({"readOnly"}),
}
"""Fields that a server leaves out, or fills with its default, where they are false or 0."""

KEYS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    (CONTAINER, "env"): ("name",),
    (CONTAINER, "ports"): ("containerPort", "protocol"),
    (CONTAINER, "volumeMounts"): ("mountPath",),
}
"""Lists whose entries a server tells apart by these fields; protocol is TCP where it is absent."""
