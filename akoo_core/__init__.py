"""akoo-core: the AKO Operator.

The public surface for plugin authors is :mod:`akoo_core.plugin.api`; this package itself imports
nothing heavy, so that ``import akoo_core`` costs next to nothing.
"""

__version__ = "0.1.0"
