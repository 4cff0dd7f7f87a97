"""Everything that a plugin author may import, beside :mod:`akoo_core.testing` for tests.

- ``api``: the contract. Verbs, their contexts and results, facts, declarations.
- ``commands``: commands for people, ``akoo-core <group> <command>``.
- ``errors``, ``settings``: errors that plugins raise and catch; Secrets in settings.
- ``structs``: typed values; bases of settings, configs and facts.
- ``kube``, ``conditions``, ``names``: clients, kinds and errors of API servers; parts of objects.
- ``records``, ``ako_networks``: AKODeployments, Clusters and AKO's networks as they were read.
- ``ako_values``: values of AKO's chart that a config has in place of fields.
- ``uses``: the records that use a shared thing, and its holders.
- ``external``, ``threads``, ``circuit``, ``trust``, ``clock``: calls to systems outside.
- ``accounts``: user and password in a Secret, and the addresses that they may be sent to.
- ``redaction``, ``metrics``: secret values in logs and spans; metrics.
- ``signals``: alerts and dashboards of the plugin's metrics.

Everything else in ``akoo_core`` changes without notice.
"""
