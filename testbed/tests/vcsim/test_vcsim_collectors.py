"""Changes reach property collectors; waits end with their session, their caller, their vCenter."""

import http.client
import threading
import time
import typing
from collections.abc import Callable, Iterator

import pytest
from akoo_testbed.vcsim import pytest as plugin
from pyVmomi import vim, vmodl

Collector = vmodl.query.PropertyCollector
PATHS = ("name", "parent", "config.configVersion", "customValue", "vm")
PATIENCE_SECONDS = 60.0
"""With what happens at once on a machine that is not busy."""


class Watch:
    """A property collector over all port groups."""

    def __init__(self, client: typing.Any, *paths: str) -> None:
        content = client.content
        kind = vim.dvs.DistributedVirtualPortgroup
        view = content.viewManager.CreateContainerView(content.rootFolder, [kind], True)
        walk = Collector.TraversalSpec(type=type(view), path="view", skip=False)
        spec = Collector.FilterSpec(
            objectSet=[Collector.ObjectSpec(obj=view, skip=True, selectSet=[walk])],
            propSet=[Collector.PropertySpec(type=kind, pathSet=list(paths))],
        )
        self.collector = content.propertyCollector.CreatePropertyCollector()
        self.collector.CreateFilter(spec, True)
        self.version = ""
        self.first = self.wait()

    def wait(self, seconds: int = 5) -> dict[typing.Any, tuple[str, dict[str, typing.Any]]]:
        """The next changes: by object the kind, and what is assigned; empty when time is up."""
        options = Collector.WaitOptions(maxWaitSeconds=seconds)
        updates = self.collector.WaitForUpdatesEx(self.version, options)
        if updates is None:
            return {}
        self.version = updates.version
        return {
            each.obj: (each.kind, {change.name: change.val for change in each.changeSet})
            for filter_set in updates.filterSet
            for each in filter_set.objectSet
        }


@pytest.fixture
def watch(client: typing.Any) -> Watch:
    return Watch(client, *PATHS)


@pytest.mark.parametrize("quick", [True, False])
def test_all_that_a_plugin_watches(
    vcsim: plugin.RunningVcsim, client: typing.Any, lenient: Callable[[str], None], quick: bool
) -> None:
    """Both collectors tell the same."""
    if not quick:
        lenient("quick-updates")
    watch = Watch(client, *PATHS)
    group = client.group()
    assert watch.first[group][1]["config.configVersion"] == "1"
    client.reconfigure(group, client.spec(vlan=21))
    assert watch.wait() == {group: ("modify", {"config.configVersion": "2"})}
    client.done(group.Rename_Task("renamed"))
    assert watch.wait() == {
        group: ("modify", {"name": "renamed", "config.configVersion": "3"}),
    }
    manager = client.content.customFieldsManager
    key = manager.AddCustomFieldDef("owner", type(group), None, None).key
    manager.SetField(group, key, "me")
    ((_, changes),) = watch.wait().values()
    assert [(each.key, each.value) for each in changes["customValue"]] == [(key, "me")]
    reference = vcsim.run(vcsim.control.attach("renamed", machine="DC0-vm0"))
    ((_, changes),) = watch.wait().values()
    assert [vm._moId for vm in changes["vm"]] == [reference]
    assert vcsim.run(vcsim.control.move("renamed", folder="moved")) == "/DC0/network/moved/renamed"
    ((_, changes),) = watch.wait().values()
    assert changes == {"parent": group.parent}
    assert (group.parent.name, group.parent.childEntity) == ("moved", [group])
    assert group not in group.parent.parent.childEntity
    new = client.add("new")
    kind, values = watch.wait()[new]
    assert (kind, values["name"], values["config.configVersion"]) == ("enter", "new", "1")
    client.done(new.Destroy_Task())
    assert watch.wait() == {new: ("leave", {})}
    assert watch.wait(0) == {}


def test_the_whole_configuration_can_be_watched_too(client: typing.Any) -> None:
    watch = Watch(client, "config")
    group = client.group()
    client.reconfigure(group, client.spec(vlan=21))
    ((_, changes),) = watch.wait().values()
    assert changes["config"].configVersion == "2"
    assert changes["config"].defaultPortConfig.vlan.vlanId == 21


def test_lenient_changes_are_silent(
    watch: Watch, client: typing.Any, lenient: Callable[[str], None]
) -> None:
    lenient("updates")
    lenient("custom-values")
    group = client.group()
    client.reconfigure(group, client.spec(vlan=21))
    manager = client.content.customFieldsManager
    manager.SetField(group, manager.AddCustomFieldDef("o", type(group), None, None).key, "me")
    assert watch.wait(0) == {}


Waiting = Callable[[Watch], Callable[[], BaseException]]


@pytest.fixture
def waiting(vcsim: plugin.RunningVcsim) -> Iterator[Waiting]:
    """Begins a long wait in a thread; the call it returns gives the error that ended it."""
    threads: list[threading.Thread] = []

    def begin(watch: Watch) -> Callable[[], BaseException]:
        errors: list[BaseException] = []

        def work() -> None:
            try:
                watch.wait(60)
            except Exception as error:  # noqa: BLE001 - the test looks at it
                errors.append(error)

        threads.append(threading.Thread(target=work))
        threads[-1].start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while vcsim.run(vcsim.control.calls()).waiting != 1:
            assert time.monotonic() < deadline
            time.sleep(0.01)

        def end() -> BaseException:
            threads[-1].join(PATIENCE_SECONDS)
            return errors[0]

        return end

    yield begin
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


def test_a_wait_ends_with_its_session(
    vcsim: plugin.RunningVcsim, watch: Watch, waiting: Waiting
) -> None:
    end = waiting(watch)
    assert vcsim.run(vcsim.control.end_sessions()) == 1
    assert isinstance(end(), vim.fault.NotAuthenticated)


def test_a_wait_ends_with_a_reset(
    vcsim: plugin.RunningVcsim, watch: Watch, waiting: Waiting
) -> None:
    end = waiting(watch)
    vcsim.run(vcsim.control.reset())
    assert isinstance(end(), http.client.HTTPException | OSError)
    assert vcsim.run(vcsim.control.calls()).waiting == 0


def test_a_wait_ends_with_its_caller(
    vcsim: plugin.RunningVcsim, login: Callable[..., typing.Any]
) -> None:
    client = login()
    watch = Watch(client, "name")
    client.give_up_after(0.3)
    with pytest.raises(TimeoutError):
        watch.wait(60)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while vcsim.run(vcsim.control.calls()).waiting:
        assert time.monotonic() < deadline
        time.sleep(0.01)
