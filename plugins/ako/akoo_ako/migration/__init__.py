"""The switch from the Go ancestor: today its first step, which only reads.

:mod:`ancestor` has the names that the ancestor gives to things. :mod:`read` reads the objects of
the management cluster, and is the only module that does I/O. :mod:`estate` holds them as values.
:mod:`findings` says what carries the ancestor's marks and what a switch would change, and
:mod:`blockers` what is in its way. :mod:`report` and :mod:`command` are
``akoo-core migrate-akoo check``.
"""
