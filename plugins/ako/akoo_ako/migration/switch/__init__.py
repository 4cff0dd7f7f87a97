"""The switch from the ancestor, forward and back.

:mod:`change` and :mod:`journal` are values. :mod:`order` has the steps. :mod:`refusals` says why a
switch, its way back or its end may not begin; all four are pure. :mod:`store` keeps the journal,
:mod:`write` makes a change, :mod:`progress` does both, and :mod:`run`, :mod:`back` and
:mod:`finish` are the commands.
"""
