"""A strict vCenter, as it was at its start for each test, and pyvmomi as its client."""

import contextlib
import ssl
import time
import typing
from collections.abc import Callable, Iterator

import pytest
from akoo_testbed.vcsim import pytest as plugin
from pyVim import connect
from pyVmomi import vim, vmodl

PATIENCE_SECONDS = 60.0
"""With what happens at once on a machine that is not busy."""


class Client:
    """A session of pyvmomi, and what the tests do with it."""

    def __init__(self, instance: typing.Any) -> None:
        self.instance = instance
        self.content = instance.RetrieveContent()

    def give_up_after(self, seconds: float) -> None:
        """Have the next call give up when no answer comes for so long; those before had time."""
        (connection, _) = self.instance._stub.pool[0]
        connection.sock.settimeout(seconds)

    def named(self, kind: typing.Any, name: str) -> typing.Any:
        """The first entity of this kind and name."""
        view = self.content.viewManager.CreateContainerView(self.content.rootFolder, [kind], True)
        try:
            return next(entity for entity in view.view if entity.name == name)
        finally:
            view.Destroy()

    def switch(self, name: str = "DVS0") -> typing.Any:
        return self.named(vim.DistributedVirtualSwitch, name)

    def group(self, name: str = "DC0-free") -> typing.Any:
        return self.named(vim.dvs.DistributedVirtualPortgroup, name)

    def read(self, entity: typing.Any, *paths: str) -> typing.Any:
        """The content of one object by RetrievePropertiesEx; None when nothing came."""
        result = self.content.propertyCollector.RetrievePropertiesEx(
            [self.filter(entity, *paths)], vmodl.query.PropertyCollector.RetrieveOptions()
        )
        return result.objects[0] if result and result.objects else None

    def filter(self, entity: typing.Any, *paths: str) -> typing.Any:
        collector = vmodl.query.PropertyCollector
        return collector.FilterSpec(
            objectSet=[collector.ObjectSpec(obj=entity)],
            propSet=[collector.PropertySpec(type=type(entity), pathSet=list(paths))],
        )

    def done(self, task: typing.Any) -> typing.Any:
        """The result of a task; raises its fault."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while task.info.state in {"queued", "running"}:
            assert time.monotonic() < deadline, task
        if task.info.state == "error":
            raise task.info.error
        return task.info.result

    def spec(
        self, name: str | None = None, vlan: int | None = None, **fields: typing.Any
    ) -> typing.Any:
        """A configuration of a port group."""
        made = vim.dvs.DistributedVirtualPortgroup.ConfigSpec(name=name, **fields)
        if vlan is not None:
            kinds = vim.dvs.VmwareDistributedVirtualSwitch
            made.defaultPortConfig = kinds.VmwarePortConfigPolicy(
                vlan=kinds.VlanIdSpec(vlanId=vlan, inherited=False)
            )
        return made

    def add(self, name: str, vlan: int = 0, **fields: typing.Any) -> typing.Any:
        """A new port group."""
        self.done(self.switch().AddDVPortgroup_Task([self.spec(name, vlan, **fields)]))
        return self.group(name)

    def reconfigure(self, group: typing.Any, spec: typing.Any) -> None:
        """Reconfigure with the version that is in force."""
        spec.configVersion = group.config.configVersion
        self.done(group.ReconfigureDVPortgroup_Task(spec))


Login = Callable[..., Client]


@pytest.fixture
def login(vcsim: plugin.RunningVcsim) -> Iterator[Login]:
    """Logs in, as the operator unless a test says otherwise."""
    with contextlib.ExitStack() as ends:

        def enter(user: str = "", password: str = "") -> Client:
            options = vcsim.part.options
            stub = connect.SmartStubAdapter(
                host="127.0.0.1",
                port=vcsim.part.port,
                sslContext=ssl.create_default_context(cafile=str(vcsim.ca_file)),
                httpConnectionTimeout=PATIENCE_SECONDS,
            )
            ends.callback(stub.DropConnections)
            client = Client(vim.ServiceInstance("ServiceInstance", stub))
            client.content.sessionManager.Login(
                user or options.username, password or options.password
            )
            return client

        yield enter


@pytest.fixture
def client(login: Login) -> Client:
    """The operator's session."""
    return login()


@pytest.fixture
def lenient(vcsim: plugin.RunningVcsim) -> Callable[[str], None]:
    """Switches a strict rule off until the end of the test."""

    def switch(rule: str) -> None:
        vcsim.run(vcsim.control.switch_rules({rule: False}))

    return switch
