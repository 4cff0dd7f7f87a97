"""The switch from the Go ancestor, and back.

:mod:`ancestor` has the names that the ancestor gives to things. :mod:`read` reads the objects of
the management cluster. :mod:`estate` holds them as values.
:mod:`findings` says what carries the ancestor's marks and what a switch would change, and
:mod:`blockers` what is in its way. :mod:`report` and :mod:`command` are
``akoo-core migrate-akoo check``; the folder ``steps`` plans each step of a switch, and ``switch``
carries them out, forward and back.
"""
