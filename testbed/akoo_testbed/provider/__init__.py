"""A fake Cluster API provider: infrastructure, control plane and bootstrap in one."""

from akoo_testbed.provider.options import DELETE_SECONDS_ANNOTATION, ProviderOptions
from akoo_testbed.provider.provider import FakeProvider

__all__ = ["DELETE_SECONDS_ANNOTATION", "FakeProvider", "ProviderOptions"]
