"""Settings of the operator: the list of them (model), and how they are read (sources, strict).

Public: :func:`load`, :class:`LoadedSettings`, :class:`Settings`, :class:`SecretRef`,
:data:`Reference`, :func:`decode`, :func:`reference`, :data:`REFERENCE_WANTED`.
"""

from akoo_core.settings.model import Settings
from akoo_core.settings.reference import SettingEntry, reference
from akoo_core.settings.sources import LoadedSettings, load
from akoo_core.settings.strict import REFERENCE_WANTED, Reference, SecretRef, decode

__all__ = [
    "REFERENCE_WANTED",
    "LoadedSettings",
    "Reference",
    "SecretRef",
    "SettingEntry",
    "Settings",
    "decode",
    "load",
    "reference",
]
