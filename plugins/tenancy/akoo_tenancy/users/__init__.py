"""The users of AKOs on the Avi Controller: made, read back, emptied, deleted.

::

    POST  password that nobody knows, no access, mark in full_name
    PUT   the password of the journal, access        under _last_modified
    GET   read back: user, mark, access, profile

A create that comes late, of an operator that was frozen, leaves a user that nobody can use. A
change that comes late meets another _last_modified, or no user. So no late call brings an account
back.
"""
