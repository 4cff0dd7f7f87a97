"""``akoo-core check``: controllers, our account on each, and what configs and pools name there.

``ask`` puts the answers together; ``controllers`` looks at one controller, ``named`` at one config
or pool. All read only, and need neither a cluster nor the operator: nothing comes from a status.
"""
