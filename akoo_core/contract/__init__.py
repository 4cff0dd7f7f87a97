"""The parts of the contract of plugins: values and protocols, one idea a file.

Plugins and the core import them from :mod:`akoo_core.plugin.api`, which has the plugin itself, its
hooks and the list of verbs. A part imports nothing above it.
"""
