"""Adoption of an AKO that somebody else deployed: it is taken over as it is.

:mod:`shape` is the install as a fact of the record. :mod:`look` reads it, before anything is
written. :mod:`render` makes the contribution: the shape, as long as the config means the same.
:mod:`watch` looks whether AKO survives it. :mod:`former` is its owner until then, which
:mod:`harmless` changes before the first write, and :mod:`again` looks at later. :mod:`hand_back`
gives it back, after the :mod:`request` of a person.
"""
