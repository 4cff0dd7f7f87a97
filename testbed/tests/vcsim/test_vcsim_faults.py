"""Each fault that the control endpoint can make, as pyvmomi meets it."""

import http.client
import threading
import time
import typing
from collections.abc import Callable

import pytest
from akoo_testbed.vcsim import Action, ControlError, Fault, When
from akoo_testbed.vcsim import pytest as plugin
from pyVmomi import vim, vmodl

ADD = "AddDVPortgroup_Task"
Inject = Callable[..., int]
CUT = (http.client.HTTPException, ConnectionError)
PATIENCE_SECONDS = 60.0
"""With what happens at once on a machine that is not busy."""


@pytest.fixture
def inject(vcsim: plugin.RunningVcsim) -> Inject:
    def add(action: Action, when: When = When.DEFAULT, **fields: typing.Any) -> int:
        fault = Fault(action=action, when=when, **fields)
        return vcsim.run(vcsim.control.inject(fault))

    return add


def names(vcsim: plugin.RunningVcsim) -> set[str]:
    return {group.name for group in vcsim.run(vcsim.control.port_groups()).values()}


def test_a_thrown_fault_with_its_fields(client: typing.Any, inject: Inject) -> None:
    reference = {"_typeName": "ManagedObjectReference", "type": "Folder", "value": "group-n1"}
    fields = {"object": reference, "privilegeId": "DVPortgroup.Create"}
    inject(Action.THROW, method=ADD, fault="NoPermission", fields=fields)
    with pytest.raises(vim.fault.NoPermission) as raised:
        client.switch().AddDVPortgroup_Task([client.spec("new")])
    assert raised.value.privilegeId == "DVPortgroup.Create"
    assert raised.value.object is not None
    assert raised.value.object._moId == "group-n1"


def test_a_fault_by_object_and_number(
    vcsim: plugin.RunningVcsim, client: typing.Any, inject: Inject
) -> None:
    group, other = client.group(), client.group("DC0-storage")
    for name in ("DC0-free", group._moId):
        number = inject(
            Action.THROW,
            object=name,
            method="Rename_Task",
            skip=1,
            count=1,
            fault="HostCommunication",
        )
        client.done(other.Rename_Task(f"{name}-other"))
        client.done(group.Rename_Task("DC0-free"))
        with pytest.raises(vmodl.fault.HostCommunication):
            group.Rename_Task("DC0-free")
        client.done(group.Rename_Task("DC0-free"))
        assert vcsim.run(vcsim.control.applied(number)) == 1
        vcsim.run(vcsim.control.release(number))


def test_a_fault_of_a_login(login: Callable[..., typing.Any], inject: Inject) -> None:
    inject(Action.THROW, method="Login", count=1, fault="PasswordExpired")
    with pytest.raises(vim.fault.PasswordExpired):
        login()
    login()


@pytest.mark.parametrize("when", [When.BEFORE, When.AFTER])
def test_a_fault_in_the_task(
    vcsim: plugin.RunningVcsim, client: typing.Any, inject: Inject, when: When
) -> None:
    fields = {"type": "Network", "name": "shop"}
    inject(Action.TASK, when, method=ADD, fault="ResourceInUse", fields=fields)
    task = client.switch().AddDVPortgroup_Task([client.spec("new")])
    with pytest.raises(vim.fault.ResourceInUse) as raised:
        client.done(task)
    assert raised.value.name == "shop"
    assert ("new" in names(vcsim)) is (when is When.AFTER)


def test_a_task_that_never_ends(
    vcsim: plugin.RunningVcsim, client: typing.Any, inject: Inject
) -> None:
    inject(Action.TASK, When.NEVER, method=ADD)
    task = client.switch().AddDVPortgroup_Task([client.spec("new")])
    assert task.info.state == "running"
    assert client.switch().name == "DVS0"
    time.sleep(0.1)
    assert task.info.state == "running"
    assert "new" not in names(vcsim)


def test_a_slow_task_leaves_its_object_readable(client: typing.Any, inject: Inject) -> None:
    inject(Action.DELAY, When.TASK, method="Rename_Task", seconds=1.0)
    group = client.group()
    task = group.Rename_Task("renamed")
    assert (task.info.state, group.name) == ("running", "DC0-free")
    client.done(task)
    assert group.name == "renamed"


@pytest.mark.parametrize("when", [When.BEFORE, When.AFTER])
def test_a_connection_that_is_cut(
    vcsim: plugin.RunningVcsim, client: typing.Any, inject: Inject, when: When
) -> None:
    switch = client.switch()
    inject(Action.CUT, when, method=ADD, count=1)
    with pytest.raises(CUT):
        switch.AddDVPortgroup_Task([client.spec("new")])
    deadline = time.monotonic() + PATIENCE_SECONDS
    while when is When.AFTER and "new" not in names(vcsim):
        assert time.monotonic() < deadline
    assert ("new" in names(vcsim)) is (when is When.AFTER)
    assert switch.name == "DVS0"


def test_a_page_of_html_looks_like_success_to_pyvmomi(client: typing.Any, inject: Inject) -> None:
    switch = client.switch()
    number = inject(Action.STATUS, status=200, method=ADD)
    assert switch.AddDVPortgroup_Task([client.spec("new")]) is None
    assert number


def test_an_unavailable_vcenter(
    vcsim: plugin.RunningVcsim, client: typing.Any, inject: Inject
) -> None:
    switch = client.switch()
    inject(Action.STATUS)
    with pytest.raises(http.client.HTTPException, match="503"):
        switch.AddDVPortgroup_Task([client.spec("new")])
    vcsim.run(vcsim.control.release())
    assert "new" not in names(vcsim)
    inject(Action.STATUS, When.AFTER, method=ADD, status=502)
    with pytest.raises(http.client.HTTPException, match="502"):
        switch.AddDVPortgroup_Task([client.spec("new")])


def test_half_an_answer(client: typing.Any, inject: Inject) -> None:
    group = client.group()
    inject(Action.TRUNCATE, method="Fetch", count=1)
    with pytest.raises(Exception, match=r"no element found|unclosed token"):
        assert group.name
    assert group.name == "DC0-free"


def test_no_answer(vcsim: plugin.RunningVcsim, client: typing.Any, inject: Inject) -> None:
    switch = client.switch()
    inject(Action.HOLD, method=ADD)
    client.give_up_after(0.3)
    with pytest.raises(TimeoutError):
        switch.AddDVPortgroup_Task([client.spec("new")])
    assert "new" not in names(vcsim)


def test_a_call_that_is_held_until_the_world_has_changed(
    vcsim: plugin.RunningVcsim, client: typing.Any, inject: Inject
) -> None:
    group = client.group()
    number = inject(Action.HOLD, method="Destroy_Task")
    tasks: list[typing.Any] = []
    caller = threading.Thread(target=lambda: tasks.append(group.Destroy_Task()))
    caller.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not vcsim.run(vcsim.control.applied(number)):
        assert time.monotonic() < deadline
    vcsim.run(vcsim.control.attach("DC0-free", machine="late"))
    vcsim.run(vcsim.control.release(number))
    caller.join(PATIENCE_SECONDS)
    with pytest.raises(vim.fault.ResourceInUse):
        client.done(tasks[0])


def test_latency(vcsim: plugin.RunningVcsim, client: typing.Any, inject: Inject) -> None:
    group = client.group()

    def seconds() -> float:
        started = time.monotonic()
        assert group.name
        return time.monotonic() - started

    inject(Action.DELAY, method="Fetch", count=1, seconds=0.1)
    assert seconds() >= 0.1
    vcsim.run(vcsim.control.change(delay_seconds=0.15))
    assert seconds() >= 0.15
    vcsim.run(vcsim.control.change(delay_seconds=0))
    assert any(seconds() < 0.15 for _ in range(50)), "with the delay, no call is as short"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"action": Action.THROW}, "a fault is needed"),
        ({"action": Action.THROW, "fault": "NoSuchFault"}, "fault: "),
        ({"action": Action.THROW, "fault": "TaskInProgress"}, "the field task is needed"),
        ({"action": Action.CUT, "fault": "NoPermission"}, "a fault is needed"),
        ({"action": Action.CUT, "when": When.NEVER}, "knows the moments"),
        ({"action": Action.TASK, "when": When.NEVER, "method": "Login"}, "for the methods"),
    ],
)
def test_nonsense_is_refused(
    vcsim: plugin.RunningVcsim, fields: dict[str, typing.Any], message: str
) -> None:
    with pytest.raises(ControlError, match=message):
        vcsim.run(vcsim.control.inject(Fault(**fields)))


def test_a_dead_session_has_the_shapes_of_a_real_one(
    vcsim: plugin.RunningVcsim, client: typing.Any, login: Callable[..., typing.Any]
) -> None:
    group = client.group()
    view = client.content.viewManager.CreateContainerView(client.content.rootFolder, None, True)
    vcsim.run(vcsim.control.end_sessions())
    with pytest.raises(vim.fault.NotAuthenticated):
        group.Rename_Task("x")
    content = client.read(group, "name")
    assert content.propSet == []
    assert isinstance(content.missingSet[0].fault, vim.fault.NotAuthenticated)
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        type(view)(view._moId, login().instance._stub).Destroy()
