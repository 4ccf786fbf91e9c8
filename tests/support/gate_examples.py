"""The gate definitions that docs/gates.md shows, by id."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "gates.md"
_BLOCK = re.compile(r"^```toml\n# \.agent-gate/gates/([a-z-]+)\.toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = dict(_BLOCK.findall(PAGE.read_text(encoding="utf-8")))
