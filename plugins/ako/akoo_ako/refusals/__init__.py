"""Configs and Clusters that AKO cannot serve, seen before anything is written; pure.

:mod:`refusal` is the answer for people. :mod:`checks` judges a config, :mod:`family` the addresses
of a Cluster, and :mod:`fit` the releases of AKO, Kubernetes and the Avi Controller. :mod:`notes`
are the conditions of a record that only inform.
"""
