"""Errors of the test bed.

TestbedError
    BuildError     a binary could not be built; the message says what to do
    PartError      a part did not start, ended, or was not ready in time
    SupervisorError  the supervisor is gone, or refused to start a process
"""


class TestbedError(Exception):
    """Base of all errors of the test bed. The first line is fit for a terminal."""

    __test__ = False  # pytest collects classes named Test*


class BuildError(TestbedError):
    """A binary could not be built."""


class PartError(TestbedError):
    """A part did not start, ended by itself, or was not ready in time.

    The message ends with the tail of the part's log and the path of the whole.
    """


class SupervisorError(TestbedError):
    """The supervisor is gone, or could not start a process."""
