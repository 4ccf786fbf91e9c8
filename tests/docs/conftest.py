"""The pages that people read, as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from sandboxes import sandbox_or_skip

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def pages() -> Mapping[str, str]:
    """Each page by its path from the top of the checkout."""
    found = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    found += sorted((ROOT / "docs").rglob("*.md"))
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in found}


@pytest.fixture(scope="session")
def readme(pages: Mapping[str, str]) -> Mapping[str, str]:
    """The README's sections by their headings."""
    parts = re.split(r"^##+ (.+)\n", pages["README.md"], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.fixture
async def confined() -> None:
    """The commands of the tour need a sandbox, as a reader does."""
    await sandbox_or_skip()
