"""``akoo-core check``: reads only, with the decisions of the controllers, and needs neither a
cluster nor the operator.
"""
