"""A text file as lines that remember how they ended, so that an edit changes what it means to, only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_BOM = "\ufeff"


@dataclass(frozen=True)
class Splice:
    """The lines from `start` up to, not including, `end` (from 0) become `lines`."""

    start: int
    end: int
    lines: tuple[str, ...]
    order: int = 0
    """Which edit of the reply asks for it."""


def splice(start: int, old: Sequence[str], new: Sequence[str], order: int = 0) -> Splice:
    """The change of `old`, which begins at line `start`, into `new`, without the edges that stay."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    return Splice(start + head, start + len(old) - tail, tuple(new[head : len(new) - tail]), order)


@dataclass(frozen=True)
class TextFile:
    """UTF-8 text, with or without byte order mark, with any line endings, also mixed ones."""

    lines: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    bom: bool = False

    @classmethod
    def decode(cls, data: bytes) -> TextFile | None:
        """The file's text; None where it is not UTF-8, or holds a NUL and so is binary to git."""
        if b"\0" in data:
            return None
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return None
        bom = text.startswith(_BOM)
        pieces = text.removeprefix(_BOM).split("\n")
        last = pieces.pop()
        lines = [piece.removesuffix("\r") for piece in pieces]
        endings = ["\r\n" if piece.endswith("\r") else "\n" for piece in pieces]
        if last:
            lines.append(last)
            endings.append("")
        return cls(tuple(lines), tuple(endings), bom)

    @property
    def newline(self) -> str:
        """The line ending that new lines get: the most usual one of the file."""
        counts = Counter(ending for ending in self.endings if ending)
        return "\r\n" if counts["\r\n"] > counts["\n"] else "\n"

    @property
    def text(self) -> str:
        """The text with plain newlines and a final one."""
        return joined(self.lines)

    def spliced(self, splices: Iterable[Splice]) -> bytes:
        """The file after these changes, which must not overlap."""
        newline = self.newline
        pieces: list[tuple[str, str]] = []
        position = 0
        for splice in sorted(splices, key=lambda s: (s.start, s.end, s.order)):
            pieces += zip(
                self.lines[position : splice.start], self.endings[position : splice.start], strict=True
            )
            pieces += ((line, newline) for line in splice.lines)
            position = splice.end
        pieces += zip(self.lines[position:], self.endings[position:], strict=True)
        return self._encoded(pieces, newline)

    def _encoded(self, pieces: list[tuple[str, str]], newline: str) -> bytes:
        ended = not self.endings or self.endings[-1] != ""
        body = "".join(line + (ending or newline) for line, ending in pieces[:-1])
        if pieces:
            line, ending = pieces[-1]
            body += line + ((ending or newline) if ended else "")
        return ((_BOM if self.bom else "") + body).encode("utf-8")


def joined(lines: Sequence[str]) -> str:
    """Lines as text, each ended by a newline."""
    return "".join(f"{line}\n" for line in lines)


def split(text: str) -> tuple[str, ...]:
    """The lines of a text whose lines are each ended by a newline."""
    lines = text.split("\n")
    return tuple(lines[:-1] if lines[-1] == "" else lines)


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count
