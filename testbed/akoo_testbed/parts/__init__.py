"""The processes of a test bed: objects with `start`, `ready` and `stop`."""

from akoo_testbed.parts.apiserver import ApiServer
from akoo_testbed.parts.cluster_api import ClusterApi
from akoo_testbed.parts.controller_manager import ControllerManager
from akoo_testbed.parts.etcd import Etcd
from akoo_testbed.parts.jaeger import Jaeger
from akoo_testbed.parts.openbao import OpenBao
from akoo_testbed.parts.part import Part
from akoo_testbed.parts.vcsim import Vcsim

__all__ = [
    "ApiServer",
    "ClusterApi",
    "ControllerManager",
    "Etcd",
    "Jaeger",
    "OpenBao",
    "Part",
    "Vcsim",
]
