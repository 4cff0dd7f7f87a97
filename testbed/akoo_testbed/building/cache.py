"""Folders of built binaries and of the state of `akoo-testbed up`, outside any checkout."""

import os
import pathlib


def cache_folder() -> pathlib.Path:
    """`$AKOO_TESTBED_CACHE`, else `$XDG_CACHE_HOME/akoo-testbed`, else ~/.cache/akoo-testbed."""
    if own := os.environ.get("AKOO_TESTBED_CACHE"):
        return pathlib.Path(own).absolute()
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        return pathlib.Path(xdg).absolute() / "akoo-testbed"
    return pathlib.Path.home() / ".cache" / "akoo-testbed"


def state_folder() -> pathlib.Path:
    """The folder of the state of `akoo-testbed up`: `$AKOO_TESTBED_STATE`, else `up` in
    the cache."""
    if own := os.environ.get("AKOO_TESTBED_STATE"):
        return pathlib.Path(own).absolute()
    return cache_folder() / "up"
