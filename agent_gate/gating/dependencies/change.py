"""What a change does to the dependencies of a repository: a comparison of two trees."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from posixpath import dirname, join, normpath
from typing import NamedTuple

from agent_gate.domain.pattern import matches
from agent_gate.gating.dependencies.manifest import (
    Manifest,
    included_paths,
    is_dependency_file,
    may_include,
    read_manifest,
)
from agent_gate.gating.dependencies.requirement import Ecosystem, Requirement, SourceFile
from agent_gate.vcs.repo import Repository

_MOST_FILES = 2000
"""Dependency files of one tree that are read; a repository of many projects has some hundred."""
_FOLDER = re.compile(
    r"(?:path|directory|editable|virtual|file|link:|portal:|workspace:|file:)\s*(?!//)(.*)|(\..*)"
)
_ARCHIVE = re.compile(r"\.(?:whl|zip|tgz|tar|tar\.gz|tar\.bz2|tar\.xz)(?:[#?[].*)?$")


class Place(NamedTuple):
    """Something that a file says, or why it cannot be read."""

    path: str
    line: int
    text: str


@dataclass(frozen=True)
class DependencyChange:
    """What the candidate asks for that the base does not."""

    added: tuple[Requirement, ...] = ()
    """Packages whose names the base has nowhere, in the versions that a lock file tells, if one does."""
    changed: tuple[Requirement, ...] = ()
    """Packages that the base has too, in versions or from places that it does not have."""
    settings: tuple[Place, ...] = ()
    """Lines that name other indexes."""
    origins: tuple[Place, ...] = ()
    """Hosts from which lock files take packages, and the base's take none."""
    computed: tuple[Place, ...] = ()
    unread: tuple[Place, ...] = ()
    loose: tuple[Requirement, ...] = ()
    """Unpinned in a file that otherwise pins."""
    unhashed: tuple[Requirement, ...] = ()
    """Without a hash in a file that otherwise has them."""
    declared: frozenset[tuple[Ecosystem, str]] = frozenset()
    """What people wrote down as dependencies of the base."""

    @property
    def is_empty(self) -> bool:
        """Nothing was added or changed; what was removed does not count."""
        said = (self.added, self.changed, self.settings, self.origins, self.computed, self.unread)
        return not any(said) and not self.loose and not self.unhashed


@dataclass
class Listing:
    """The dependency files of one tree, read."""

    manifests: dict[str, Manifest] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    oids: dict[str, str] = field(default_factory=dict)
    incomplete: bool = False


def touches_dependencies(
    repository: Repository, trees: Iterable[str], changed: Iterable[str], ignored: Collection[str]
) -> bool:
    """Whether a changed file holds requirements, also one that only another such file names."""
    paths = {path for path in changed if not matches(path, ignored)}
    if any(is_dependency_file(path) for path in paths):
        return True
    listings = [read_listing(repository, tree, ignored, may_include) for tree in trees]
    return any(path in listing.manifests for listing in listings for path in paths)


def read_change(
    repository: Repository, base_tree: str, tree: str, ignored: Collection[str]
) -> DependencyChange:
    """Compares what all dependency files of two trees say; `ignored` covers files that install nothing."""
    before = read_listing(repository, base_tree, ignored)
    return compare(before, read_listing(repository, tree, ignored, known=before))


def read_listing(
    repository: Repository,
    tree: str,
    ignored: Collection[str],
    wanted: Callable[[str], bool] = is_dependency_file,
    known: Listing | None = None,
) -> Listing:
    """All dependency files of a tree, and those that they include; what is `known` is not read again."""
    entries = repository.entries(tree)
    paths = [path for path in entries if wanted(path) and not matches(path, ignored)]
    listing, earlier = Listing(), known or Listing()
    while paths:
        room = _MOST_FILES - len(listing.manifests)
        listing.incomplete = listing.incomplete or len(paths) > room
        batch = paths[: max(room, 0)]
        regular = {p: entries[p].oid for p in batch if p in entries and entries[p].mode.startswith("100")}
        blobs = dict(repository.blobs(set(regular.values()))) if regular else {}
        for path in batch:
            listing.manifests[path] = _manifest(path, regular.get(path, ""), blobs, earlier)
            listing.oids[path] = regular.get(path, "")
            listing.contents[path] = blobs.get(regular.get(path, ""), b"")
        named = (path for name in batch for path in included_paths(listing.manifests[name]))
        paths = [path for path in dict.fromkeys(named) if path not in listing.manifests]
    return listing


def _manifest(path: str, oid: str, blobs: Mapping[str, bytes], earlier: Listing) -> Manifest:
    if not oid:
        return Manifest(path, unread="it is named by another file, and is no file of the repository")
    if earlier.oids.get(path) == oid:
        return earlier.manifests[path]
    return read_manifest(path, blobs[oid])


def compare(before: Listing, after: Listing) -> DependencyChange:
    """The pure part: what the files of the second listing say and those of the first do not."""
    differing = [
        m for path, m in sorted(after.manifests.items()) if before.oids.get(path) != after.oids[path]
    ]
    stated = [r for manifest in before.manifests.values() for r in manifest.requirements]
    known = frozenset(r.key for r in stated if r.name)
    contents = {r.content for r in stated}
    own = {tuple(item) for manifest in after.manifests.values() for item in manifest.own}
    new = [
        _located(requirement, after)
        for manifest in differing
        for requirement in manifest.requirements
        if requirement.content not in contents and requirement.key not in own and not _is_inside(requirement)
    ]
    origins = {origin.address for manifest in before.manifests.values() for origin in manifest.origins}
    unread = [Place(m.path, 0, m.unread) for m in differing if m.unread]
    if after.incomplete:
        unread.append(Place("", 0, f"there are more than {_MOST_FILES} dependency files"))
    return DependencyChange(
        added=_of_each([r for r in new if r.key not in known]),
        changed=_of_each([r for r in new if r.key in known]),
        settings=tuple(p for m in differing for p in _new_settings(m, before.manifests.get(m.path))),
        origins=tuple(
            Place(m.path, _source(m.path, after).line_of(origin.address), origin.address)
            for m in differing
            for origin in m.origins
            if origin.address not in origins
        ),
        computed=tuple(Place(m.path, c.line, c.text) for m in differing for c in m.computed),
        unread=tuple(unread),
        loose=tuple(r for m in differing for r in _exceptions(m, new, lambda r: r.pinned)),
        unhashed=tuple(r for m in differing for r in _exceptions(m, new, lambda r: r.hashed)),
        declared=frozenset(r.key for r in stated if r.name and not r.locked),
    )


def _source(path: str, listing: Listing) -> SourceFile:
    return SourceFile(path, listing.contents[path].decode(errors="replace"))


def _located(requirement: Requirement, listing: Listing) -> Requirement:
    if requirement.line:
        return requirement
    text = _source(requirement.path, listing)
    return replace(requirement, line=text.line_of(requirement.written, requirement.name))


def _is_inside(requirement: Requirement) -> bool:
    """Whether it is a folder of the repository itself: its files are part of what is judged."""
    found = _FOLDER.fullmatch(requirement.source)
    if not found or _ARCHIVE.search(requirement.source):
        return False
    folder = (found[1] if found[1] is not None else found[2]).partition("[")[0].strip()
    if folder in {"*", "^", "~"}:  # `workspace:*`
        return True
    return not folder.startswith("/") and not normpath(join(dirname(requirement.path), folder)).startswith(
        ".."
    )


def _of_each(found: list[Requirement]) -> tuple[Requirement, ...]:
    """Each package once per version, at its first place in a file that people write.

    Where a lock file tells the version, that one counts: it is what will be installed.
    """
    ordered = sorted(found, key=lambda r: (r.ecosystem, r.name, r.locked, r.path, r.line))
    chosen: dict[tuple[str, ...], Requirement] = {}
    for _, group in groupby(ordered, key=lambda r: (r.ecosystem, r.name)):
        same = list(group)
        first = same[0]
        locked = [r for r in same if r.locked and not r.source]
        written = [r for r in same if r.source or not (locked or r.locked)]
        for requirement in [*written, *(replace(r, path=first.path, line=first.line) for r in locked)]:
            chosen.setdefault(requirement.content, requirement)
    return tuple(chosen.values())


def _new_settings(manifest: Manifest, before: Manifest | None) -> Iterator[Place]:
    old = {setting.text for setting in before.settings} if before else set()
    for setting in manifest.settings:
        if setting.text not in old:
            yield Place(manifest.path, setting.line, setting.text)


def _exceptions(
    manifest: Manifest, new: list[Requirement], holds: Callable[[Requirement], bool]
) -> list[Requirement]:
    """New requirements of a file for which something does not hold that holds for most of the others."""
    fresh = [r for r in new if r.path == manifest.path and not r.source]
    marked = {r.content for r in fresh}
    plain = [r for r in manifest.requirements if not r.source]
    others = [r for r in plain if r.content not in marked] or plain
    if sum(holds(r) for r in others) * 2 <= len(others):
        return []
    return [r for r in fresh if not holds(r)]
