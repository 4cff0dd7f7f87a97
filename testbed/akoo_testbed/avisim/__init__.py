"""avisim: a stateful simulator of the Avi Controller's REST API, to run clients against.

Controller   the pure core: requests in, answers out
AviServer    the same over HTTPS
"""

from akoo_testbed.avisim.controller import Controller
from akoo_testbed.avisim.server import AviServer

__all__ = ["AviServer", "Controller"]
