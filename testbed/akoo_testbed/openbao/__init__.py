"""OpenBao from Python: its options, the client of an administrator, and a front with faults.

The process is `parts.OpenBao`; `docs/openbao.md` says how it is used.
"""

from akoo_testbed.openbao.admin import Admin, AnswerError
from akoo_testbed.openbao.front import Front
from akoo_testbed.openbao.options import Action, Fault, OpenBaoOptions, When

__all__ = ["Action", "Admin", "AnswerError", "Fault", "Front", "OpenBaoOptions", "When"]
