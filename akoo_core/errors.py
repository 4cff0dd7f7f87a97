"""The errors of akoo-core that are not about one API server's answer.

::

    AkooError
    ├── InputError            the user's input is wrong; nothing was touched; exit code 2
    ├── PrerequisiteError     something outside is missing for now; reported once, retried
    ├── LeadershipLostError   this process may not write any more
    ├── ReadOnlyError         a command that only reads tried to write
    ├── CallRefusedError      a plugin's call that had ended tried to reach the outside
    ├── WorkerEndedError      a part of the process ended without being told to
    └── KubeError             an API server's answer or silence: drawn in akoo_core.kube.errors

    BaseException
    └── ProcessEnd            the process ends here: nobody catches it (a test plays a power cut)

Every message says what happened, to which object, and what the reader should do next. No message
ever holds a secret, nor a body that a server sent and that is not a Kubernetes Status.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AkooError(Exception):
    """Base of all errors that akoo-core raises on purpose."""


class InputError(AkooError):
    """A setting, flag, kubeconfig or plugin name is wrong. The command line exits with 2."""


class UnchosenError(InputError):
    """A setting that has no default is missing. A command for which no plugins were chosen leaves
    this one out, and says so."""


class PrerequisiteError(AkooError):
    """The management cluster is not ready yet: the API is down, CRDs or rights are missing.

    ``reason`` is a CamelCase noun for /readyz, metrics and tests; the message says what to do.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class LeadershipLostError(AkooError):
    """The lease is not ours any more (or could not be renewed in time): no write may start."""


class ReadOnlyError(AkooError):
    """A command that only reads tried to write; the write was not made."""


def near(wrong: str, known: Iterable[str], *, most: int = 1) -> str:
    """`` Did you mean "x"?`` as the end of a message, or "" where no name is near."""
    names = [f'"{name}"' for name in difflib.get_close_matches(wrong, list(known), n=most)]
    return f" Did you mean {', '.join(names)}?" if names else ""


class CallRefusedError(AkooError):
    """A plugin's call was over (late, cancelled or answered) and tried to reach the outside."""


class WorkerEndedError(AkooError):
    """A part that must run as long as the process ended by itself: the process ends, too."""


class ProcessEnd(BaseException):
    """The process ends here. Nothing catches it, as nothing catches a power cut.

    Tests raise subclasses of it to end a process at a chosen call. Any other BaseException that a
    plugin raises, but KeyboardInterrupt, is a failure of that plugin's call.
    """
