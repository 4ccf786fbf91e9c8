"""Where a SARIF result stands: its URIs as paths in the tree (SARIF 2.1.0, §3.4 artifactLocation)."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from agent_gate.gating.parsers.report import relative, text

_MAXIMUM_BASES = 8
"""How many base URIs may stand on one another."""


class Places:
    """Reads the locations of one run."""

    def __init__(self, run: Any, root: str) -> None:
        self._root = root
        self._artifacts: list[Any] = list(run.get("artifacts") or ())
        self._bases: Mapping[str, Any] = run.get("originalUriBaseIds") or {}

    def first(self, locations: Any) -> tuple[str, Any]:
        """Path and region of the first location; empty ones where a result stands for the whole tree."""
        for location in locations or ():
            physical = location.get("physicalLocation")
            if physical:
                return self._path(physical.get("artifactLocation", {})), physical.get("region") or {}
        return "", {}

    def examined(self, *, all_listed: bool) -> frozenset[str] | None:
        """The files that the run calls analysis targets, or all that it lists; None where it lists none."""
        told = [
            artifact
            for artifact in self._artifacts
            if all_listed or "analysisTarget" in (artifact.get("roles") or ())
        ]
        if not told and not all_listed:
            return None
        return frozenset(self._path(artifact["location"]) for artifact in told)

    def _path(self, location: Any) -> str:
        uri, base = location.get("uri"), location.get("uriBaseId")
        index = location.get("index", -1)
        if uri is None and isinstance(index, int) and 0 <= index < len(self._artifacts):
            listed = self._artifacts[index].get("location", {})
            uri, base = listed.get("uri"), listed.get("uriBaseId")
        if uri is None:
            return ""
        path = posixpath.normpath(posixpath.join(self._root, self._base(base), _decoded(uri)))
        return relative(path, self._root)

    def _base(self, name: Any) -> str:
        """The folder that a base id stands for; one that the run does not resolve is the root (§3.14.14)."""
        folder = ""
        for _ in range(_MAXIMUM_BASES):
            if not isinstance(name, str) or name not in self._bases:
                return folder
            stated = self._bases[name]
            folder = posixpath.join(_decoded(stated.get("uri") or ""), folder)
            name = stated.get("uriBaseId")
        raise ValueError("its base URIs stand on one another without end")


def _decoded(uri: Any) -> str:
    """The path of a URI; raises ValueError for what names no file here."""
    parts = urlsplit(text(uri, 4096))
    if parts.scheme not in {"", "file"}:
        raise ValueError(f"{parts.scheme}: is no place in a tree")
    if "\0" in (path := unquote(parts.path)):
        raise ValueError("a path holds a null character")
    return path
