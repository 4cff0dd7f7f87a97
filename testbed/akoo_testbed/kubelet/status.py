"""A Pod's status as a value, in the forms that a kubelet writes."""

import datetime

from akoo_testbed.kubeapi import Object
from akoo_testbed.kubelet.nodes import address_of, timestamp
from akoo_testbed.kubelet.program import Exit
from akoo_testbed.kubelet.references import Problem


def running(
    pod: Object,
    restarts: int,
    now: datetime.datetime,
    *,
    started: datetime.datetime,
    ready: bool = True,
) -> Object:
    """All containers run since `started`, and are ready unless a probe says otherwise."""
    state = {"running": {"startedAt": timestamp(started)}}
    containers = [
        _container(pod, container, ready=ready, state=state, restarts=restarts)
        for container in pod["spec"]["containers"]
    ]
    address = address_of(f"{pod['metadata']['namespace']}/{pod['metadata']['name']}")
    addresses = {"podIP": address, "podIPs": [{"ip": address}]}
    return _status(pod, containers, now, phase="Running", ready=ready) | addresses


def waiting(pod: Object, problems: dict[str, Problem], now: datetime.datetime) -> Object:
    """No container runs: each says why, those without a problem of their own that they wait."""
    creating = Problem("ContainerCreating", "")
    containers = []
    for container in pod["spec"]["containers"]:
        problem = problems.get(container["name"], creating)
        state = {"waiting": {k: v for k, v in problem._asdict().items() if v}}
        containers.append(_container(pod, container, ready=False, state=state))
    phase = "Running" if has_run(pod) else "Pending"
    return _status(pod, containers, now, phase=phase, ready=False)


def crashed(pod: Object, end: Exit, ended: datetime.datetime, restarts: int) -> Object:
    """The main container ended by itself and waits for its next start; the others run on."""
    main, *others = pod["spec"]["containers"]
    terminated = {"exitCode": end.code, "reason": "Error", "message": end.message}
    terminated |= {"startedAt": _begun(pod, ended), "finishedAt": timestamp(ended)}
    message = f"back-off restarting failed container {main['name']}"
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    containers = [_container(pod, main, ready=False, state=state, restarts=restarts)]
    containers[0]["lastState"] = {"terminated": terminated}
    containers += [old for c in others if (old := container_status(pod, c["name"]))]
    return _status(pod, containers, ended, phase="Running", ready=False)


def _begun(pod: Object, ended: datetime.datetime) -> str:
    """The begin of the run that ended then: of the one that is shown as running, or as ended."""
    known = main_status(pod)
    shown = known.get("lastState", {}).get("terminated", {})
    if shown.get("finishedAt") == timestamp(ended):
        return str(shown["startedAt"])
    return str(known.get("state", {}).get("running", {}).get("startedAt") or timestamp(ended))


def unready(pod: Object, now: datetime.datetime) -> Object:
    """The status that the control plane writes for a Pod whose Node is lost."""
    kept = [c for c in _conditions(pod) if c["type"] != "Ready"]
    lost = _condition(pod, "Ready", "False", now) | {"reason": "NodeStatusUnknown"}
    return {"conditions": [*kept, lost]}


def unschedulable(pod: Object, now: datetime.datetime) -> Object:
    """No Node takes the Pod."""
    condition = _condition(pod, "PodScheduled", "False", now)
    return {"conditions": [condition | {"reason": "Unschedulable", "message": "no Node fits"}]}


def container_status(pod: Object, name: str) -> Object | None:
    """The status of one container."""
    known = pod.get("status", {}).get("containerStatuses", ())
    return next((dict(status) for status in known if status["name"] == name), None)


def main_status(pod: Object) -> Object:
    """The status of the main container; empty before its first start."""
    return container_status(pod, pod["spec"]["containers"][0]["name"]) or {}


def is_running(pod: Object) -> bool:
    """True if the main container was started and has not ended."""
    return "running" in main_status(pod).get("state", {})


def is_ready(pod: Object) -> bool:
    """True if the main container is ready."""
    return bool(main_status(pod).get("ready"))


def has_run(pod: Object) -> bool:
    """True if the main container was ever started."""
    return is_running(pod) or bool(main_status(pod).get("lastState"))


def _container(
    pod: Object, container: Object, *, ready: bool, state: Object, restarts: int | None = None
) -> Object:
    old = container_status(pod, container["name"]) or {}
    image, uid = container.get("image", ""), pod["metadata"]["uid"]
    made = {
        "name": container["name"],
        "image": image,
        "imageID": f"fake://{image}",
        "ready": ready,
        "started": ready,
        "restartCount": old.get("restartCount", 0) if restarts is None else restarts,
        "state": state,
        "lastState": old.get("lastState", {}),
    }
    return made | ({"containerID": f"fake://{uid}/{container['name']}"} if ready else {})


def _status(
    pod: Object, containers: list[Object], now: datetime.datetime, *, phase: str, ready: bool
) -> Object:
    start = pod.get("status", {}).get("startTime", timestamp(now))
    truth = {"Initialized": True, "ContainersReady": ready, "Ready": ready, "PodScheduled": True}
    host = address_of(pod["spec"]["nodeName"])
    return {
        "phase": phase,
        "hostIP": host,
        "hostIPs": [{"ip": host}],
        "startTime": start,
        "conditions": [_condition(pod, kind, str(value), now) for kind, value in truth.items()],
        "containerStatuses": containers,
    }


def _conditions(pod: Object) -> list[Object]:
    return list(pod.get("status", {}).get("conditions", ()))


def _condition(pod: Object, kind: str, status: str, now: datetime.datetime) -> Object:
    old = next((c for c in _conditions(pod) if c["type"] == kind), None)
    same = old is not None and old["status"] == status and old.get("lastTransitionTime")
    since = old["lastTransitionTime"] if old and same else timestamp(now)
    return {"type": kind, "status": status, "lastTransitionTime": since}
