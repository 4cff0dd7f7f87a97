"""A fake kubelet: Nodes that are Ready, Pods that run, and a stand-in for AKO."""

from akoo_testbed.kubelet.kubelet import FakeKubelet
from akoo_testbed.kubelet.nodes import NodeSpec
from akoo_testbed.kubelet.options import AkoAnswer, KubeletOptions

__all__ = ["AkoAnswer", "FakeKubelet", "KubeletOptions", "NodeSpec"]
