"""The steps of a switch from the ancestor; pure.

Each module is one step: ``forward`` plans the changes that are still missing, ``backward`` those
that restore what the journal has. Both compare with the objects as they are now, so that a step
that was interrupted goes on, and one that is done plans nothing.
"""
