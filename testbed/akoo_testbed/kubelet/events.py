"""Events that the program of a container writes on its Pod."""

import datetime
import logging
import uuid

from akoo_testbed.kubeapi import HICCUPS, Object
from akoo_testbed.kubelet.program import Container

log = logging.getLogger(__name__)


async def event(container: Container, reason: str, message: str, kind: str = "Normal") -> None:
    """Put an event on AKO's Pod; if the API server does not take it, it is lost."""
    pod = container.pod["metadata"]
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    involved: Object = {"apiVersion": "v1", "kind": "Pod", "namespace": pod["namespace"]}
    body: Object = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{pod['name']}.{uuid.uuid4().hex[:16]}",
            "namespace": pod["namespace"],
        },
        "involvedObject": involved | {"name": pod["name"], "uid": pod["uid"]},
        "reason": reason,
        "message": message,
        "type": kind,
        "source": {"component": "avi-kubernetes-operator"},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    try:
        await container.api.create(body)
    except HICCUPS as error:
        log.info("event %s not written: %s", reason, type(error).__name__)
