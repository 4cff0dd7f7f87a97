"""Decisions of the kubelet about a Pod, without any API server."""

import dataclasses
import datetime
import typing

import hypothesis
import hypothesis.strategies as st
from akoo_testbed.kubelet import nodes, pods
from akoo_testbed.kubelet import status as statuses
from akoo_testbed.kubelet.options import KubeletOptions
from akoo_testbed.kubelet.pods import Again, Bind, Kill, Memory, Remove, Start, WriteStatus
from akoo_testbed.kubelet.program import Exit

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
Object = dict[str, typing.Any]


def second(count: float) -> datetime.datetime:
    return NOW + datetime.timedelta(seconds=count)


def pod(*, node: str | None = "n1", **changes: typing.Any) -> Object:
    made: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "ns", "uid": "u1"},
        "spec": {"containers": [{"name": "main", "image": "registry/ako:2.1.1"}]},
    }
    if node:
        made["spec"]["nodeName"] = node
    for path, value in changes.items():
        made[path] = {**made.get(path, {}), **value}
    return made


def node(name: str, **spec: typing.Any) -> Object:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": spec}


def view(
    *,
    nodes: tuple[Object, ...] = (node("n1"),),
    working: frozenset[str] = frozenset({"n1"}),
    lost: frozenset[str] = frozenset(),
    memory: Memory | None = None,
    now: datetime.datetime = NOW,
    has_program: bool = False,
    probed: bool = False,
    objects: dict[tuple[str, str], Object] | None = None,
    **options: typing.Any,
) -> pods.View:
    by_name = {n["metadata"]["name"]: n for n in nodes}
    return pods.View(
        now=now,
        options=KubeletOptions(**options),
        machines=pods.Machines(nodes=by_name, working=working, lost=lost, load={}),
        memory=memory or Memory(seen=NOW),
        has_program=has_program,
        probed=probed,
        find=lambda kind, name: (objects or {}).get((kind, name)),
    )


def written(actions: list[pods.Action]) -> Object:
    (action,) = [a for a in actions if isinstance(a, WriteStatus)]
    return action.status


def main_of(status: Object) -> Object:
    return typing.cast("Object", status["containerStatuses"][0])


def test_binds_to_a_working_node() -> None:
    assert pods.plan(pod(node=None), view()) == [Bind("n1")]


def test_says_unschedulable_once() -> None:
    (action,) = pods.plan(pod(node=None), view(nodes=(node("n1", unschedulable=True),)))
    assert isinstance(action, WriteStatus)
    again = pod(node=None, status=action.status)
    assert pods.plan(again, view(nodes=(node("n1", unschedulable=True),))) == []


def test_runs_a_bound_pod() -> None:
    actions = pods.plan(pod(), view())
    status = written(actions)
    assert actions[0] == Start(0, NOW)
    assert status["phase"] == "Running"
    assert {c["type"]: c["status"] for c in status["conditions"]}["Ready"] == "True"
    assert main_of(status)["image"] == "registry/ako:2.1.1"
    assert "running" in main_of(status)["state"]


def test_does_nothing_for_a_pod_that_runs() -> None:
    status = written(pods.plan(pod(), view()))
    running = pod(status=status)
    assert pods.plan(running, view(memory=Memory(seen=NOW, runs=True))) == []
    assert pods.plan(running, view()) == []


def test_a_status_that_was_not_taken_is_written_again() -> None:
    memory = Memory(seen=NOW, runs=True, restarts=3, started=NOW)
    again = main_of(written(pods.plan(pod(), view(memory=memory, now=second(2)))))
    assert again["restartCount"] == 3
    assert again["state"] == main_of(written(pods.plan(pod(), view())))["state"], "the same start"


def test_a_program_is_started_anew_by_a_new_kubelet() -> None:
    running = pod(status=written(pods.plan(pod(), view())))
    actions = pods.plan(running, view(has_program=True))
    assert actions[0] == Start(1, NOW)
    assert main_of(written(actions))["restartCount"] == 1


def test_start_takes_the_time_it_is_told() -> None:
    actions = pods.plan(pod(), view(start_seconds=3.0, now=second(1)))
    assert main_of(written(actions))["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert actions[-1] == Again(2.0)
    waiting = pod(status=written(actions))
    assert pods.plan(waiting, view(start_seconds=3.0, now=second(1))) == [Again(2.0)]
    assert Start(0, second(3)) in pods.plan(waiting, view(start_seconds=3.0, now=second(3)))


def key_ref(**reference: typing.Any) -> Object:
    return {"name": "X", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"} | reference}}


def test_a_missing_key_holds_the_container_back_until_it_is_there() -> None:
    needy = pod(spec={"containers": [{"name": "main", "image": "i", "env": [key_ref()]}]})
    needy["spec"]["nodeName"] = "n1"
    absent = main_of(written(pods.plan(needy, view())))
    assert absent["state"]["waiting"] == {
        "reason": "CreateContainerConfigError",
        "message": 'configmap "c" not found',
    }
    partial: dict[tuple[str, str], Object] = {("ConfigMap", "c"): {"data": {"other": ""}}}
    status = written(pods.plan(needy, view(objects=partial)))
    message = main_of(status)["state"]["waiting"]["message"]
    assert message == "couldn't find key k in ConfigMap ns/c"
    assert status["phase"] == "Pending"
    needy["status"] = status
    assert pods.plan(needy, view(objects=partial)) == []
    assert Start(0, NOW) in pods.plan(
        needy, view(objects={("ConfigMap", "c"): {"data": {"k": ""}}})
    )


def test_an_optional_key_holds_nothing_back() -> None:
    env = [key_ref(optional=True)]
    needy = pod(spec={"nodeName": "n1", "containers": [{"name": "main", "env": env}]})
    assert Start(0, NOW) in pods.plan(needy, view())


def test_an_invalid_host_cannot_be_pulled_from() -> None:
    image = "registry.invalid/ako:1"
    stuck = pod(spec={"nodeName": "n1", "containers": [{"name": "main", "image": image}]})
    state = main_of(written(pods.plan(stuck, view())))["state"]
    assert state["waiting"]["reason"] == "ImagePullBackOff"


def test_a_crash_is_shown_and_the_count_grows_at_the_next_start() -> None:
    running = pod(status=written(pods.plan(pod(), view(has_program=True))))
    begun = main_of(running["status"])["state"]["running"]["startedAt"]
    ended = second(5)
    memory = Memory(seen=NOW, restarts=0, crashes=1, end=Exit(1, "no password"), ended=ended)
    crash = view(memory=memory, has_program=True, restart_seconds=2.0, now=ended)
    actions = pods.plan(running, crash)
    status = written(actions)
    assert actions[-1] == Again(2.0)
    assert main_of(status)["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    terminated = main_of(status)["lastState"]["terminated"]
    assert terminated["message"] == "no password"
    assert (terminated["startedAt"], terminated["finishedAt"]) == (begun, nodes.timestamp(ended))
    assert main_of(status)["restartCount"] == 0
    crashed = pod(status=status)
    again = statuses.crashed(crashed, Exit(1, "no password"), ended, 0)
    assert main_of(again)["lastState"]["terminated"] == terminated, "at a second look, too"
    later = view(memory=memory, has_program=True, restart_seconds=2.0, now=second(7))
    assert pods.plan(crashed, later)[0] == Start(1, later.now)


def test_termination_lasts_as_told_but_not_beyond_the_grace_period() -> None:
    leaving = pod(metadata={"deletionTimestamp": "x", "deletionGracePeriodSeconds": 5})
    memory = Memory(seen=NOW, deleting=NOW)
    assert pods.plan(leaving, view(memory=memory, termination_seconds=60.0)) == [Again(5.0)]
    ended = view(memory=memory, termination_seconds=60.0, now=second(5))
    assert pods.plan(leaving, ended) == [Kill(5.0), Remove()]
    assert pods.plan(leaving, view(memory=memory)) == [Kill(5.0), Remove()]


def test_a_pod_that_is_probed_is_ready_when_its_program_says_so() -> None:
    start, write = pods.plan(pod(), view(has_program=True, probed=True))
    assert start == Start(0, NOW)
    assert isinstance(write, WriteStatus)
    status = write.status
    assert main_of(status)["state"].keys() == {"running"}
    assert not main_of(status)["ready"]
    running = pod(status=status)
    waits = Memory(seen=NOW, runs=True, restarts=0)
    assert pods.plan(running, view(memory=waits, has_program=True, probed=True)) == []
    answers = dataclasses.replace(waits, ready=True, started=NOW)
    seen = view(memory=answers, has_program=True, probed=True, now=second(2))
    ready = written(pods.plan(running, seen))
    assert main_of(ready)["ready"]
    assert main_of(ready)["state"] == main_of(status)["state"], "the same start"
    assert pods.plan(pod(status=ready), seen) == []
    silent = view(memory=waits, has_program=True, probed=True)
    assert not main_of(written(pods.plan(pod(status=ready), silent)))["ready"]


def test_a_pod_whose_node_is_gone_is_removed() -> None:
    assert pods.plan(pod(), view(nodes=(), working=frozenset())) == [Kill(), Remove(orphan=True)]


def test_a_pod_on_a_node_of_somebody_else_is_left_alone() -> None:
    assert pods.plan(pod(), view(working=frozenset())) == []


def test_a_pod_on_a_lost_machine_is_no_longer_ready_and_stays() -> None:
    running = pod(status=written(pods.plan(pod(), view())))
    gone = view(working=frozenset(), lost=frozenset({"n1"}))
    status = written(pods.plan(running, gone))
    assert {c["type"]: c["status"] for c in status["conditions"]}["Ready"] == "False"
    running["status"] |= status
    running["metadata"]["deletionTimestamp"] = "x"
    assert pods.plan(running, gone) == []


@hypothesis.given(crashes=st.integers(1, 50), restart=st.floats(0.01, 10), later=st.floats(0, 500))
def test_back_off_is_bounded_and_ends(crashes: int, restart: float, later: float) -> None:
    running = pod(status=written(pods.plan(pod(), view(has_program=True))))
    memory = Memory(seen=NOW, restarts=crashes - 1, crashes=crashes, end=Exit(1, ""), ended=NOW)
    seen = view(memory=memory, has_program=True, restart_seconds=restart, now=second(later))
    first, *_, last = pods.plan(running, seen)
    if isinstance(last, Again):
        assert 0 < last.seconds <= 40 * restart
    else:
        assert first == Start(crashes, second(later))
        assert later + 1e-5 >= restart
