"""Options of the fake provider."""

import dataclasses

from akoo_testbed.kubelet.options import KubeletOptions

DELETE_SECONDS_ANNOTATION = "testbed.akoo.io/delete-seconds"
"""On a FakeMachine, FakeMachinePool, FakeControlPlane or FakeCluster: how long its deletion takes.

Seconds, a fraction is allowed; wins over the option. On the template of a MachineDeployment it
reaches every FakeMachine.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class ProviderOptions:
    """Settings of a `FakeProvider`."""

    machine_delete_seconds: float = 0.0
    """From the DELETE of a FakeMachine or FakeMachinePool until its machine is off.

    Until then the Node and what runs on it work on.
    """

    kubernetes_version: str = "v1.34.4"
    """The version that Nodes report where the Machine does not name one."""

    kubelet: KubeletOptions = dataclasses.field(default_factory=KubeletOptions)
    """For the kubelet of each workload cluster."""
