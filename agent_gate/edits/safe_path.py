"""Which paths an edit may name: inside the repository, on every file system, and readable by people.

Sources: git's `verify_path` and `is_hfs_dotgit`/`is_ntfs_dotgit` (CVE-2014-9390, CVE-2019-1352), and
Unicode Technical Report 36 on characters that deceive the eye.
"""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 1024
"""Characters of a path; no repository that we have seen comes near."""

_DRIVE = re.compile(r"[A-Za-z]:")
_OF_GIT = re.compile(r"\.git|git~\d+|\.gitmodules|gitmod~\d+", re.IGNORECASE)
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u034f\u2800")
"""Letters and marks that show nothing, though Unicode does not count them as formatting."""


def path_problem(path: str) -> str:
    """Why the path is refused, in words for the model; an empty string when it may be used."""
    parts = path.split("/")
    refusals = (
        (not path.strip(), "the path is empty"),
        (len(path) > MAX_LENGTH, f"the path is longer than {MAX_LENGTH} characters"),
        (
            any(_is_hidden(char) for char in path),
            "the path holds control, bidirectional or invisible characters",
        ),
        ("\\" in path, "paths are written with '/', never with a backslash"),
        (
            path.startswith(("/", "~")) or _DRIVE.match(path),
            "write the path relative to the repository's root",
        ),
        (".." in parts, "the path leaves the repository with '..'"),
        (any(part in {"", "."} for part in parts), "the path has an empty part or a '.' part"),
        (any(_belongs_to_git(part) for part in parts), "the path belongs to git itself"),
        (
            any(part != part.strip() or part.endswith(".") for part in parts),
            "a part of the path begins or ends with white space, or ends with a dot",
        ),
    )
    return next((reason for refused, reason in refusals if refused), "")


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in _INVISIBLE or char in _BLANK_LETTERS


def _belongs_to_git(part: str) -> bool:
    """Whether some file system would take this name for `.git` (or `.gitmodules`).

    HFS+ ignores case and zero-width characters, NTFS trailing dots and spaces, streams after `:`, and
    knows short names such as `git~1`.
    """
    folded = unicodedata.normalize("NFKC", part)
    folded = "".join(char for char in folded if unicodedata.category(char) != "Cf")
    return _OF_GIT.fullmatch(folded.split(":", maxsplit=1)[0].rstrip(" .")) is not None
