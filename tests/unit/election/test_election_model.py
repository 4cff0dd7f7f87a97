"""Several candidates, one Lease, and everything that can go wrong between them.

Processes freeze at any line, answers are lost after the write happened, writes arrive long after
their sender gave up, processes crash and come back under a new identity; their clocks differ by any
amount, but run at the same rate. At no moment may two of them act, and when the faults stop, one
of them leads.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from hypothesis import settings, stateful
from hypothesis import strategies as st

from akoo_core.election import core, timing

TIMES = timing.Timing(lease=60.0, renew_deadline=20.0, retry=2.0)
SECONDS = st.sampled_from([0.0, 1.0, 2.0, 9.0, 19.0, 20.0, 41.0, 61.0])


@dataclasses.dataclass
class Write:
    """A request on its way: applied whenever it arrives, if the version still holds."""

    spec: core.LeaseSpec
    version: int
    sent_at: float
    applied: bool | None = None


@dataclasses.dataclass
class Process:
    identity: str
    skew: float
    state: core.ElectionCore
    stage: Literal["idle", "read", "written"] = "idle"
    seen: core.LeaseSpec | None = None
    version: int = 0
    write: Write | None = None


class Election(stateful.RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.lease: core.LeaseSpec | None = None
        self.version = 0
        self.flying: list[Write] = []
        self.born = 0
        self.processes = [self.new_process(skew) for skew in (0.0, 5000.0, -300.0)]
        self.acted: list[tuple[float, str]] = []

    def new_process(self, skew: float) -> Process:
        self.born += 1
        identity = f"candidate-{self.born}"
        state = core.ElectionCore(identity, timing=TIMES, uniform=lambda: 0.5)
        return Process(identity=identity, skew=skew, state=state)

    def clock(self, process: Process) -> float:
        return self.now + process.skew

    def arrive(self, write: Write) -> None:
        """The API server handles a write."""
        self.flying.remove(write)
        write.applied = write.version == self.version
        if write.applied:
            self.version += 1
            self.lease = write.spec

    # Time and the processes' own steps. Who is not chosen is frozen.

    @stateful.rule(seconds=SECONDS)
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @stateful.rule(who=st.integers(0, 2), times=st.integers(1, 3))
    def step(self, who: int, times: int) -> None:
        for _ in range(times):
            self.step_once(self.processes[who])

    def step_once(self, process: Process) -> None:
        if process.stage == "idle":
            process.state.expire(self.clock(process))
            process.seen, process.version = self.lease, self.version
            process.stage = "read"  # the server has answered, the answer is on its way
        elif process.stage == "read":
            self.decide(process)
        else:
            self.hear(process)

    def decide(self, process: Process) -> None:
        process.stage = "idle"
        now = self.clock(process)
        process.state.observe(process.seen, now)
        spec = process.state.plan(now, f"{now}")
        if spec is not None:
            process.write = Write(spec, process.version, now)
            self.flying.append(process.write)
            process.stage = "written"

    def hear(self, process: Process) -> None:
        process.stage = "idle"
        write = process.write
        assert write is not None
        if write.applied is None:
            self.arrive(write)
        if write.applied:
            process.state.confirmed(write.spec, write.sent_at, self.clock(process))

    @stateful.rule(who=st.integers(0, 2), heard=st.booleans())
    def try_without_delay(self, who: int, heard: bool) -> None:
        """A whole try, but for the answer, which may come later."""
        process = self.processes[who]
        if process.stage != "idle":
            return
        self.step_once(process)
        self.decide(process)
        if process.write in self.flying:
            self.arrive(process.write)
            if heard:
                self.hear(process)

    # Faults.

    @stateful.precondition(lambda self: self.flying)
    @stateful.rule(data=st.data())
    def a_write_arrives(self, data: st.DataObject) -> None:
        self.arrive(data.draw(st.sampled_from(self.flying)))

    @stateful.rule(who=st.integers(0, 2))
    def an_answer_is_lost(self, who: int) -> None:
        """Error seen; a write that is still flying may arrive at any later time."""
        self.processes[who].stage = "idle"

    @stateful.rule(who=st.integers(0, 2))
    def a_process_crashes(self, who: int) -> None:
        self.processes[who] = self.new_process(self.processes[who].skew)

    @stateful.rule(who=st.integers(0, 2))
    def a_process_ends_well(self, who: int) -> None:
        process = self.processes[who]
        process.state.give_up()
        if self.lease is not None:
            spec = process.state.released(self.lease, f"{self.clock(process)}")
            if spec is not None:
                self.flying.append(Write(spec, self.version, self.clock(process)))
        self.processes[who] = self.new_process(process.skew)

    # What always holds.

    @stateful.invariant()
    def at_most_one_may_act(self) -> None:
        acting = [
            process.identity
            for process in self.processes
            if process.state.may_act(self.clock(process))
        ]
        assert len(acting) <= 1, acting

    @stateful.invariant()
    def who_acts_holds_the_lease(self) -> None:
        for process in self.processes:
            if process.state.may_act(self.clock(process)):
                assert self.lease is not None
                assert self.lease.holder_identity == process.identity

    @stateful.invariant()
    def transitions_count_changes_of_the_holder(self) -> None:
        if self.lease is not None:
            assert self.lease.lease_transitions <= self.version

    def teardown(self) -> None:
        """Faults stop: within two leases somebody leads, and goes on leading."""
        for write in list(self.flying):
            self.arrive(write)
        for _ in range(int(2.5 * TIMES.lease / TIMES.retry)):
            self.all_go_on()
        leaders = [
            process for process in self.processes if process.state.may_act(self.clock(process))
        ]
        assert len(leaders) == 1, "nobody leads"
        for _ in range(60):
            self.all_go_on()
        assert leaders[0].state.may_act(self.clock(leaders[0])), "leadership changed for no reason"

    def all_go_on(self) -> None:
        self.now += TIMES.retry
        for who, process in enumerate(self.processes):
            if process.state.expire(self.clock(process)):
                self.processes[who] = self.new_process(process.skew)
                continue
            process.stage = "idle"
            self.one_try(process)
            self.at_most_one_may_act()

    def one_try(self, process: Process) -> None:
        self.step_once(process)
        self.decide(process)
        if process.stage == "written":
            self.hear(process)


Election.TestCase.settings = settings(
    max_examples=300, stateful_step_count=50, deadline=None, derandomize=True
)
TestElection = Election.TestCase
