"""Installs of AKO that somebody else made: recognised, explained, and written as a config.

:mod:`read` reads the objects of both clusters, and is the only module that does I/O. :mod:`owners`
follows marks from an object to the top of its chain of owners. :mod:`recognise` puts objects and
owners into installs, and :mod:`verdict` says whether each can be adopted. :mod:`suggestion` writes
an install as a config, and :mod:`differences` compares the rendering of that config with the
install. :mod:`report` and :mod:`command` are ``akoo-core ako inspect``.
"""
