"""Many callers at once: nothing hangs, nothing is lost, what is used is never destroyed."""

import concurrent.futures
import typing
from collections.abc import Callable

from akoo_testbed.vcsim import pytest as plugin
from pyVmomi import vim

CALLERS = 6
ROUNDS = 8


def test_many_callers(
    vcsim: plugin.RunningVcsim, client: typing.Any, login: Callable[..., typing.Any]
) -> None:
    before = vcsim.run(vcsim.control.port_groups())
    group = client.group()

    def live(number: int) -> None:
        session = login()
        own_switch = session.switch()
        for round_ in range(ROUNDS):
            wanted = session.spec(f"own-{number}-{round_}", vlan=number)
            own = session.done(own_switch.CreateDVPortgroup_Task(wanted))
            vcsim.run(vcsim.control.attach(own._moId, machine=f"machine-{number}"))
            session.reconfigure(own, session.spec(vlan=number + 1))
            session.done(own.Rename_Task(f"renamed-{number}-{round_}"))
            assert len(own_switch.FetchDVPorts(vim.dvs.PortCriteria(connected=True))) >= 1
            try:
                session.done(own.Destroy_Task())
                raise AssertionError("a port group in use was destroyed")
            except vim.fault.ResourceInUse:
                vcsim.run(vcsim.control.detach(own._moId))
            session.done(own.Destroy_Task())

    def contend(_: int) -> int:
        session, won = login(), 0
        for _ in range(ROUNDS):
            try:
                session.reconfigure(group, session.spec(description="x"))
                won += 1
            except vim.fault.ConcurrentAccess:
                continue
        return won

    with concurrent.futures.ThreadPoolExecutor(2 * CALLERS) as pool:
        lives = [pool.submit(live, number) for number in range(CALLERS)]
        won = sum(pool.map(contend, range(CALLERS)))
        for each in lives:
            each.result()
    assert group.config.configVersion == str(1 + won)
    after = vcsim.run(vcsim.control.port_groups())
    assert {state.name for state in after.values()} == {state.name for state in before.values()}
