"""akosim: AKO's stand-in in a workload cluster that works with an Avi Controller (avisim)."""

from akoo_testbed.akosim.program import akosim

__all__ = ["akosim"]
