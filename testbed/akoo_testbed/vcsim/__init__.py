"""The simulated vCenter from Python: its options, and the client of its control endpoint.

The process is `parts.Vcsim`, its program in `modules/vcsim`; `docs/vcsim.md` says what it shows.
"""

from akoo_testbed.vcsim.control import Calls, Control, ControlError, PortGroupState, Session
from akoo_testbed.vcsim.faults import Action, Fault, When
from akoo_testbed.vcsim.options import (
    Datacenter,
    Machine,
    PortGroup,
    Switch,
    VcsimOptions,
)

__all__ = [
    "Action",
    "Calls",
    "Control",
    "ControlError",
    "Datacenter",
    "Fault",
    "Machine",
    "PortGroup",
    "PortGroupState",
    "Session",
    "Switch",
    "VcsimOptions",
    "When",
]
