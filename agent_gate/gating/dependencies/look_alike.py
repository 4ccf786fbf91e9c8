"""Names that are easily taken for another package's: typing errors, swapped words, look-alike letters."""

from __future__ import annotations

import re
from collections.abc import Collection

_LETTERS = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s"})
_AFFIXES = frozenset({"python", "python3", "py", "py3", "lib", "node", "js", "official", "sdk", "client"})
"""Words that are put before or after a name without telling another package from it."""
_SHORTEST, _SHORTEST_FOR_TWO = 4, 9
"""Letters of a name from which on one edit, or two, are a look-alike; below it, they are another word."""


def looks_like(name: str, popular: Collection[str]) -> str:
    """The popular name that this one may be taken for; empty where it is popular itself, or like none.

    Both are as an index knows them. Source of the classes: Vu et al., "Typosquatting and Combosquatting
    Attacks on the Python Ecosystem", 2020; PEP 503 for what is one name anyway.
    """
    if name in popular:
        return ""
    for other in sorted(popular):
        if _is_like(name, other):
            return other
    return ""


def _is_like(name: str, other: str) -> bool:
    scope, _, bare = name.rpartition("/")
    other_scope, _, other_bare = other.rpartition("/")
    if bare == other_bare and scope != other_scope:
        return bool(scope and other_scope) and _edits(scope, other_scope, 2) <= 2
    if scope != other_scope:
        return False
    words, other_words = re.split(r"[-_.]", bare), re.split(r"[-_.]", other_bare)
    core, other_core = _without_affixes(words), _without_affixes(other_words)
    if sorted(words) == sorted(other_words) or (core and core == other_core):
        return True
    plain, other_plain = "".join(words), "".join(other_words)
    if _skeleton(plain) == _skeleton(other_plain):
        return True
    if set(words) > set(other_words):
        return False  # another package's name and a word of its own, as plugins are called: no slip of the finger
    length = min(len(plain), len(other_plain))
    allowed = 2 if length >= _SHORTEST_FOR_TWO else 1 if length >= _SHORTEST else 0
    return bool(allowed) and _edits(plain, other_plain, allowed) <= allowed


def _without_affixes(words: list[str]) -> list[str]:
    core = [word for word in words if word not in _AFFIXES]
    return core if len(core) < len(words) or len(words) == 1 else words


def _skeleton(text: str) -> str:
    """What remains of a name for a quick eye."""
    return text.translate(_LETTERS).replace("rn", "m").replace("vv", "w").replace("cl", "d")


def _edits(one: str, other: str, most: int) -> int:
    """Insertions, deletions, replacements and swaps of neighbours between two texts; above `most`, some more.

    Optimal string alignment (Boytsov, "Indexing methods for approximate dictionary searching", 2011).
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    older: list[int] = []
    old = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        new = [i]
        for j, opposite in enumerate(other, 1):
            best = min(old[j] + 1, new[j - 1] + 1, old[j - 1] + (letter != opposite))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == opposite:
                best = min(best, older[j - 2] + 1)
            new.append(best)
        if min(new) > most:
            return most + 1
        older, old = old, new
    return old[-1]
