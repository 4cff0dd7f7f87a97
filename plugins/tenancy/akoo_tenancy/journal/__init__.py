"""The journal of a cluster's accounts: one record, every step one compare-and-set. Pure.

::

    (none) --stage--> staged --make--> made --push--> pushed --promote--> active
                        |                |               |
                        '----------------+---------------'--stage--> superseded by a newer one
    active --(a newer one is active, and the grace is over)--> retired --> (none)

    living --revoke--> revoking --> revoked: a tombstone that keeps the highest sequence
       ^                               |
       '-------------revive------------'

A sequence number is used once. An account is given to AKO only after it was made, and taken away
only when AKO was seen with a newer one. A rotation is never reversed: one that AKO does not pick up
is followed by a newer one, and all accounts stay valid until that is in use.
"""
