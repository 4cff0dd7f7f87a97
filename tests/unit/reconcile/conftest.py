"""Makes ``builders`` importable for the tests beside it (importlib mode adds no paths)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
