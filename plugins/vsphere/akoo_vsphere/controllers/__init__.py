"""The controllers of VSphereConnections and VSpherePortGroups.

``connections`` writes the state of each vCenter, and ``keeping`` holds a VSphereConnection while
anything needs it. ``port_groups`` is the controller of VSpherePortGroups: ``applying`` makes and
changes, ``leave`` takes away, ``execute`` performs one action of a plan.
"""
