"""The Go ancestor of akoo-core (AKOO), as seen from outside: its writes in a management cluster.

:mod:`objects` makes its installation, and what it writes for a Cluster. :mod:`choice` is its choice
of a config, pure. :class:`Ancestor` does what it does in one pass over everything, and
:class:`Kapp` restores its installation, as kapp-controller does for a package. Both act only when a
test calls ``step``: there is no clock and no thread.
"""

from akoo_testbed.ancestor.kapp import Kapp
from akoo_testbed.ancestor.operator import Ancestor

__all__ = ["Ancestor", "Kapp"]
