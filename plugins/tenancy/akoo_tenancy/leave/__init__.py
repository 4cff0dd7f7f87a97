"""The verbs of a cluster that leaves.

::

    confirm   the record in the store names us; with the store away, the marks of the users
    fence     record: revoking; access of every user emptied, users deleted, none listed,
              one login refused -> Revoked. A store that is away holds up nothing
    release   roles deleted; record: a tombstone without passwords; older versions destroyed
"""
