"""Makes the checkout importable: tests here share modules by their full name."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3]))
