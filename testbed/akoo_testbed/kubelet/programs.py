"""The choice of the program in AKO's Pod."""

# A module, used late: akosim itself needs this package.
import akoo_testbed.akosim.program as akosim
from akoo_testbed.kubelet.ako import ako_stand_in
from akoo_testbed.kubelet.options import AkoProgram
from akoo_testbed.kubelet.program import Container, Exit


async def ako(container: Container) -> Exit:
    """AKO, as the options in force at the container's start say."""
    if container.switches.current.ako_program is AkoProgram.AKOSIM:
        return await akosim.akosim(container)
    return await ako_stand_in(container)
