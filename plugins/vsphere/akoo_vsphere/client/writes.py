"""Writes and their tasks: send one, and look at its task until it ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from akoo_core.plugin import clock, external
from akoo_core.plugin.structs import JSON
from akoo_vsphere.client import api, errors
from akoo_vsphere.client.answers import faults, outcomes, tasks
from akoo_vsphere.client.answers.properties import PORT_GROUP
from akoo_vsphere.client.connection import VCenterConnection
from akoo_vsphere.client.operation import Operation
from akoo_vsphere.client.wire import Fault, Ref, SoapCall

Sleep = Callable[[float], Awaitable[None]]


def on_port_group(method: str, mo_ref: str, arguments: JSON) -> SoapCall:
    """A write to a port group."""
    return SoapCall(
        method=method,
        target=Ref(PORT_GROUP, mo_ref),
        arguments=arguments,
        write=True,
        subject=mo_ref,
    )


class Writes:
    """The writes of a client. Raise VCenterErrors."""

    def __init__(
        self,
        connection: VCenterConnection,
        through: external.External,
        *,
        now: clock.Clock,
        sleep: Sleep,
    ) -> None:
        self._connection = connection
        self._through = through
        self._clock = now
        self._sleep = sleep

    async def to_end(self, call: SoapCall) -> None:
        """Make a write, and wait for its task. Raises TaskRunningError at the deadline.

        While its state cannot be read, the task may still run.
        """
        until = self._clock.monotonic() + tasks.TASK_SECONDS
        task = await self._connection.writing(lambda _: call, self._through)
        if not isinstance(task, Ref):
            raise errors.OutcomeUnknownError(
                f"{call.method} of {call.subject} on {self._connection.address} was answered "
                "without a task. Read again."
            )
        for pause in tasks.pauses():
            try:
                if await self._ended(task):
                    return
            except Fault as fault:
                fault.call = call
                raise await self._of_task(fault, call) from None
            except errors.VCenterError as error:
                _check_running(error, call)
            if self._clock.monotonic() + pause > until:
                break
            await self._sleep(pause)
        raise errors.TaskRunningError(
            f"{call.method} of {call.subject} on {self._connection.address}: task {task.value} "
            f"still runs after {tasks.TASK_SECONDS:.0f} s. It is checked again.",
            task.value,
        )

    async def to_manager(self, name: str, method: str, arguments: JSON, *, subject: str) -> object:
        """Make a write to a manager of the service; its result."""

        def make(operation: Operation) -> SoapCall:
            return SoapCall(
                method=method,
                target=operation.manager(name),
                arguments=arguments,
                write=True,
                subject=subject,
            )

        return await self._connection.writing(make, self._through)

    async def state(self, mo_ref: str) -> api.TaskState:
        """State of a task that was started earlier."""
        task = Ref("Task", mo_ref)
        try:
            ended = await self._ended(task)
        except errors.NotFoundError:
            return api.TaskState(state="unknown")
        except Fault as fault:
            call = SoapCall(method="A task", target=task)
            message = str(faults.error(fault, call, self._connection.address))
            return api.TaskState(state="error", message=message)
        return api.TaskState(state="success" if ended else "running")

    async def _ended(self, task: Ref) -> bool:
        """The task has ended well. Raises its Fault; NotFoundError if vCenter has forgotten it."""

        async def read(operation: Operation) -> tasks.Outcome:
            return tasks.outcome(await operation.row(task, tasks.PATHS))

        outcome = await self._connection.reading(read, self._through)
        if outcome.fault is not None:
            raise outcome.fault
        return outcome.ended

    async def _of_task(self, fault: Fault, call: SoapCall) -> errors.VCenterError:
        """The error of a fault that a task ended with."""
        gone = faults.missing_object(fault)
        if gone is None:
            return outcomes.of_task(fault, self._connection.address)
        try:
            await self._connection.reading(Operation.prove_alive, self._through)
        except errors.VCenterError as error:
            return error
        return outcomes.gone(fault, gone or call.target.value, self._connection.address)


def _check_running(error: errors.VCenterError, call: SoapCall) -> None:
    """Raise if an error of a look at the task ends the wait."""
    if isinstance(error, errors.NotFoundError | errors.UnreadableError):
        raise errors.OutcomeUnknownError(
            f"The task of {call.method} of {call.subject} cannot be read any more: {error} Read "
            "again."
        ) from None
    if not error.retryable:
        raise error
