"""A commit object, read from its exact bytes.

git's own porcelain follows replacement objects, mail maps and encodings; evidence is about bytes.
Source: git's Documentation/gitformat-signature and `commit.c`: headers, an empty line, the message.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CommitObject:
    """The headers in their order, and the message."""

    headers: tuple[tuple[str, str], ...]
    message: str

    def all(self, name: str) -> tuple[str, ...]:
        """The values of a header, which may stand several times."""
        return tuple(value for key, value in self.headers if key == name)

    def line(self, name: str) -> str:
        """The one header line of this name; empty where there is none, or more than one."""
        found = self.all(name)
        return f"{name} {found[0]}" if len(found) == 1 else ""

    @property
    def names(self) -> tuple[str, ...]:
        """The headers' names."""
        return tuple(key for key, _ in self.headers)


def parse_commit(data: bytes) -> CommitObject:
    """Reads a commit object; what is not UTF-8 is replaced and so never equals what was recorded."""
    head, _, message = data.partition(b"\n\n")
    headers: list[tuple[str, str]] = []
    for line in head.decode(errors="replace").split("\n"):
        if line.startswith(" ") and headers:
            key, value = headers[-1]
            headers[-1] = (key, f"{value}\n{line[1:]}")
        else:
            key, _, value = line.partition(" ")
            headers.append((key, value))
    return CommitObject(tuple(headers), message.decode(errors="replace"))
