"""The reconciler of each record: decides purely, acts thinly.

``record_controller``  one attempt: read, decide, act, write the status.
``config_controller``  the status of each AKODeploymentConfig.
``decide``             values in, one decision out: begin with ``state_machine``. Pure.
``act``                one function for each decision, in the match of ``act/decisions``; only this
                       room writes and calls plugins.
``deploy``             everything that goes into a workload cluster.
``read``               reads of caches and API servers; writes nothing.
``status``             from findings to conditions, Events and columns.

``decide/X`` says what to do and ``act/X`` does it. Imports point down: the controllers, ``act``,
``deploy``, ``read``, ``status``, ``decide``.
"""
