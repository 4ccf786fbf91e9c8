"""JavaScript and TypeScript tests, by their lines: skipped, singled out, and assertions that are gone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_gate.gating.diff import Line
from agent_gate.gating.integrity.change import Pair
from agent_gate.gating.integrity.sign import Sign

_SKIP = re.compile(
    r"(?<![\w.$])(?:(?:it|test|describe|suite|context|specify|bench)(?:\.(?:concurrent|sequential|each|serial))*\.(?:skip|todo|fixme|failing|fails|skipIf|runIf)|x(?:it|test|describe|specify|context)|pending)\s*[(.`]"
    r"|\bt\.(?:skip|todo)\s*\(|\b(?:this|ctx)\.skip\s*\(\s*\)|\{\s*skip:\s*(?!false)"
)
_ONLY = re.compile(
    r"(?<![\w.$])(?:(?:it|test|describe|suite|context|specify)(?:\.(?:concurrent|sequential|each))*\.only|f(?:it|describe))\s*[(.`]|\{\s*only:\s*true"
)
_CLAIM = re.compile(
    r"(?<![\w$])(?:expect|assert|should|t\.(?:is|deepEqual|true|false|throws|like|not))(?:\.\w{1,40})*\s*\(|\.should\b"
)
_LONGEST = 1000


def signs(lines: tuple[Line, ...]) -> Iterator[Sign]:
    """Marks in some lines that skip tests, or that skip all others."""
    for line in lines:
        text = line.text[:_LONGEST]
        if text.lstrip().startswith(("//", "*", "/*")):
            continue
        if found := _SKIP.search(text):
            yield Sign(
                "new-skip",
                line.number,
                line.text,
                f"{found[0].strip(' (.`')!r} skips a test: look at why it need not pass",
                detail=found[0],
            )
        if found := _ONLY.search(text):
            yield Sign(
                "new-skip",
                line.number,
                line.text,
                f"{found[0].strip(' (.`')!r} skips all other tests: look at why they need not pass",
                detail=found[0],
            )


def lost_claims(pair: Pair) -> Iterator[Sign]:
    """Fewer assertions than the base's version had; one sign a file."""
    removed = [line for line in pair.diff.removed if _is_claim(line)]
    added = [line for line in pair.diff.added if _is_claim(line)]
    if len(removed) <= len(added):
        return
    kept = {" ".join(line.text.split()) for line in added}
    gone = [line for line in removed if " ".join(line.text.split()) not in kept]
    shown = "\n".join(f"- {line.text.strip()[:200]}" for line in gone[:6])
    message = f"{len(removed) - len(added)} fewer assertions than the base's version: look at what is no longer held"
    yield Sign("removed-assertion", pair.diff.added[0].number if pair.diff.added else 0, shown, message)


def _is_claim(line: Line) -> bool:
    text = line.text[:_LONGEST].strip()
    return not text.startswith(("//", "*", "/*", "import ")) and bool(_CLAIM.search(text))
