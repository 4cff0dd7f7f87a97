"""A chart of our own with AKO's names of objects and keys, and a program that acts like helm."""

from __future__ import annotations

import hashlib
import io
import json
import pathlib
import tarfile
from typing import Any

CHART = {"apiVersion": "v2", "name": "ako", "version": "2.1.1", "appVersion": "2.1.1"}
VALUES: dict[str, Any] = {
    "replicaCount": 1,
    "image": {"repository": "registry.example.com/ako"},
    "AKOSettings": {"clusterName": "my-cluster", "logLevel": "WARN", "primaryInstance": True},
    "ControllerSettings": {"controllerHost": "", "tenantName": "admin"},
    "extra": {"text": "none"},
}
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: avi-k8s-config
  namespace: {{ .Release.Namespace }}
data:
  clusterName: {{ .Values.AKOSettings.clusterName | quote }}
  controllerIP: {{ .Values.ControllerSettings.controllerHost | quote }}
  tenantName: {{ .Values.ControllerSettings.tenantName | quote }}
  logLevel: {{ .Values.AKOSettings.logLevel | quote }}
  deleteConfig: "false"
  ofTheChart: {{ .Values.extra.text | quote }}
"""
STATEFUL_SET = """\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: ako
  namespace: {{ .Release.Namespace }}
  labels: {app.kubernetes.io/managed-by: {{ .Release.Service }}, team: lb}
spec:
  replicas: {{ .Values.replicaCount }}
  serviceName: ako
  selector:
    matchLabels: {app.kubernetes.io/name: ako, app.kubernetes.io/instance: {{ .Release.Name }}}
  template:
    metadata:
      labels: {app.kubernetes.io/name: ako, app.kubernetes.io/instance: {{ .Release.Name }}}
    spec:
      serviceAccountName: ako-sa
      securityContext: {}
      containers:
        - name: ako
          image: "{{ .Values.image.repository }}:{{ .Chart.AppVersion }}"
          securityContext: {privileged: true}
          env:
            - name: CLUSTER_NAME
              valueFrom: {configMapKeyRef: {name: avi-k8s-config, key: clusterName}}
            - name: OF_THE_CHART
              valueFrom: {configMapKeyRef: {name: avi-k8s-config, key: ofTheChart}}
          livenessProbe: {httpGet: {path: /api/status, port: 8080}}
"""
ACCOUNT = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: ako-sa, namespace: {{ .Release.Namespace }}}
"""
HOOK = """\
apiVersion: batch/v1
kind: Job
metadata: {name: before, annotations: {helm.sh/hook: pre-install}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}}
"""
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.ako.vmware.com}
spec:
  group: ako.vmware.com
  scope: Namespaced
  names: {plural: things, singular: thing, kind: Thing, listKind: ThingList}
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object}}
"""
TEMPLATES = {
    "configmap.yaml": CONFIG_MAP,
    "statefulset.yaml": STATEFUL_SET,
    "account.yaml": ACCOUNT,
    "hook.yaml": HOOK,
}


def archive(*, more: dict[str, str] | None = None, values: Any = None) -> bytes:
    """The chart as helm packages it; ``more`` are templates. Equal input gives equal bytes."""
    files = {
        "Chart.yaml": json.dumps(CHART),
        "values.yaml": json.dumps(VALUES if values is None else values),
        "crds/things.yaml": DEFINITION,
        **{f"templates/{name}": text for name, text in (TEMPLATES | (more or {})).items()},
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for name, text in files.items():
            content = text.encode()
            info = tarfile.TarInfo(f"ako/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def put(folder: pathlib.Path, content: bytes, name: str = "ako.tgz") -> dict[str, str]:
    """The file in the folder, as ``spec.plugins.ako.chart`` names it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return {"path": name, "digest": f"sha256:{hashlib.sha256(content).hexdigest()}"}


def filled(text: str, **values: str) -> str:
    """A template with plain texts in the place of its values."""
    places = {
        ".Release.Namespace": "avi-system",
        ".Release.Name": "ako",
        ".Release.Service": "Helm",
        ".Values.replicaCount": "1",
        ".Values.image.repository": "registry.example.com/ako",
        ".Chart.AppVersion": values.get("version", "2.1.1"),
        ".Values.AKOSettings.clusterName | quote": "my-cluster",
        ".Values.ControllerSettings.controllerHost | quote": '""',
        ".Values.ControllerSettings.tenantName | quote": "admin",
        ".Values.AKOSettings.logLevel | quote": "WARN",
        ".Values.extra.text | quote": "none",
    }
    for place, value in places.items():
        text = text.replace("{{ " + place + " }}", value)
    return text


def rendered(**values: str) -> str:
    """The output of helm for the chart, without hooks."""
    texts = (DEFINITION, ACCOUNT, CONFIG_MAP, STATEFUL_SET)
    return "---\n".join(filled(text, **values) for text in texts)


def program(folder: pathlib.Path, body: str) -> str:
    """A file that is run in the place of helm."""
    file = folder / "helm"
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return str(file)


def printing(folder: pathlib.Path, text: str) -> str:
    """A helm that prints this text, and notes each time that it is run in a file ``runs``."""
    (folder / "output").write_text(text)
    return program(folder, f"echo run >> {folder}/runs\nexec /bin/cat {folder}/output")
