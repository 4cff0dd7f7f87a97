"""The verbs of a cluster that lives.

::

    prepare   at rest: Done from stored facts, no call
              else: place -> roles -> journal (stage, make) -> the fact of the new sequence
    (deploy)  the core writes avi-secret; open_secret reads one password
    observe   push seen -> AKO seen with it -> promote; after the grace -> retire
              at rest: one snapshot for all clusters of a controller; drift is flagged for prepare

A step that cannot be made now never takes the account away: prepare stays Done with the account
that is in use, and observe says RotationDelayed with the obstacle.
"""
