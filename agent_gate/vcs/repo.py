"""A git repository, asked through plumbing commands only.

No hook runs, no replacement object is followed, no optional lock is taken, and the variables by which
a calling git points its children at its own repository are dropped: what is read is what stands in
the repository that the user named.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent_gate.errors import RepositoryError, UsageError
from agent_gate.vcs.git_command import GitError, run_git
from agent_gate.vcs.immutable import Answers, is_object_id

if TYPE_CHECKING:
    from agent_gate.domain.proposal import ChangedFile

_ABSENT = "0" * 40
_BATCH_BYTES = 32 * 1024 * 1024
_TREES, _ANSWERS, _KEPT_BYTES = 8, 64, 256 * 1024
"""So many trees, and other answers about objects, are kept while the program runs; of blobs, small ones."""
_STATUS: Mapping[str, Literal["added", "modified", "deleted"]] = {"A": "added", "D": "deleted"}


@dataclass(frozen=True)
class Entry:
    """One entry of a tree. `mode` is 100644, 100755, 120000 (symbolic link) or 160000 (submodule)."""

    mode: str
    oid: str


@dataclass(frozen=True)
class Identity:
    """Who git says we are."""

    name: str
    email: str


class Repository:
    """A repository with a work tree. Made by `open`."""

    def __init__(self, root: Path, git_directory: Path, common_directory: Path) -> None:
        self.root = root
        self.git_directory = git_directory
        self.common_directory = common_directory
        self._trees = Answers(_TREES)
        self._answers = Answers(_ANSWERS)

    @classmethod
    def open(cls, path: Path) -> Repository:
        """The repository that holds `path`; raises RepositoryError outside one, or in a bare one."""
        _forget_calling_repository()
        asked = ("--is-bare-repository", "--absolute-git-dir", "--git-common-dir", "--show-toplevel")
        try:
            told = os.fsdecode(run_git(("rev-parse", *asked), cwd=path)).splitlines()
        except GitError as error:
            if "dubious ownership" in error.stderr:
                raise RepositoryError(error.message, hint="see safe.directory in git-config(1)") from None
            if _is_bare(path):
                raise RepositoryError(
                    f"{path} is a bare repository", hint="agent-gate works on a checkout"
                ) from None
            raise _outside(path) from None
        except NotADirectoryError:
            raise _outside(path) from None
        _, git_directory, common_directory, root = told
        return cls(Path(root).resolve(), Path(git_directory).resolve(), (path / common_directory).resolve())

    @classmethod
    def make(cls, folder: Path) -> Repository:
        """A new, empty repository in an existing folder: no template, no hook, nothing of the user's."""
        import git

        _forget_calling_repository()
        git.Repo.init(
            folder, expand_vars=False, template="", initial_branch="main", allow_unsafe_options=True
        ).close()
        return cls.open(folder)

    def git(self, *args: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None) -> bytes:
        """Standard output of a git command; raises GitError where it fails."""
        return run_git(args, cwd=self.root, stdin=stdin, env=env)

    def text(self, *args: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None) -> str:
        """Standard output as text, without the last newline."""
        return self.git(*args, stdin=stdin, env=env).decode(errors="surrogateescape").removesuffix("\n")

    def resolve(self, revision: str) -> str:
        """The commit that a revision names; raises UsageError where there is none."""
        try:
            return self.text("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        except GitError:
            if revision == "HEAD":
                raise RepositoryError(
                    "the repository has no commit yet", hint='make one first: git commit -m "first"'
                ) from None
            raise UsageError(
                f"{revision!r} names no commit here", hint="a branch, tag or commit id is expected"
            ) from None

    def tree_of(self, commit: str) -> str:
        """The tree id of a commit."""
        question = ("rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}")
        if not is_object_id(commit):
            return self.text(*question)
        return self._answers.get(question, lambda: self.text(*question))

    def branch(self) -> str | None:
        """The full name of the branch that HEAD is on; None when detached."""
        return self._optional("symbolic-ref", "--quiet", "HEAD")

    def ref(self, name: str) -> str | None:
        """The object id that a ref holds."""
        return self._optional("rev-parse", "--verify", "--quiet", "--end-of-options", name)

    def config(self, key: str) -> str | None:
        """One value of git's configuration."""
        return self._optional("config", "--get", key)

    def _optional(self, *args: str) -> str | None:
        try:
            return self.text(*args)
        except GitError as error:
            if error.returncode == 1:
                return None
            raise

    def entries(self, tree: str) -> Mapping[str, Entry]:
        """All files of a tree, by path."""
        if not is_object_id(tree):
            return self._listed(tree)
        return self._trees.get(tree, lambda: self._listed(tree))

    def _listed(self, tree: str) -> Mapping[str, Entry]:
        listing = self.git("ls-tree", "-r", "-z", "--full-tree", tree)
        found: dict[str, Entry] = {}
        for record in listing.split(b"\0")[:-1]:
            head, _, path = record.partition(b"\t")
            mode, _, oid = head.decode().split(" ")
            found[os.fsdecode(path)] = Entry(mode, oid)
        return found

    def blob(self, oid: str) -> bytes:
        """The content of one blob."""
        return self.git("cat-file", "blob", oid)

    def blobs(self, oids: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """The contents of many blobs, in batches of bounded size, in no promised order."""
        wanted = list(dict.fromkeys(oids))
        sizes = self.text(
            "cat-file", "--batch-check=%(objectname) %(objectsize)", stdin="\n".join(wanted).encode()
        )
        batch: list[str] = []
        weight = 0
        for line in sizes.splitlines():
            oid, size = line.split(" ")
            if batch and weight + int(size) > _BATCH_BYTES:
                yield from self._batch(batch)
                batch, weight = [], 0
            batch.append(oid)
            weight += int(size)
        if batch:
            yield from self._batch(batch)

    def _batch(self, oids: list[str]) -> Iterator[tuple[str, bytes]]:
        data = self.git("cat-file", "--batch", stdin="\n".join(oids).encode())
        position = 0
        while position < len(data):
            end = data.index(b"\n", position)
            oid, _, size = data[position:end].decode().split(" ")
            yield oid, data[end + 1 : end + 1 + int(size)]
            position = end + 2 + int(size)

    def read(self, treeish: str, path: str) -> tuple[str, bytes] | None:
        """(blob id, content) of one regular file of a tree or commit."""
        entry = self.entries(treeish).get(path)
        if entry is None or not entry.mode.startswith("100"):
            return None
        oid = entry.oid
        return oid, self._answers.get(("blob", oid), lambda: self.blob(oid), largest=_KEPT_BYTES)

    def holds(self, tree: str, pattern: str, paths: Collection[str] = ()) -> bool:
        """Whether a file of the tree (of these paths, or of all) matches a POSIX extended pattern, in any case."""
        options = ("-a", "-i", "-q", "-E", "-e", pattern)
        try:
            self.git("--literal-pathspecs", "grep", *options, tree, "--", *paths)
        except GitError as error:
            if error.returncode == 1:
                return False
            raise
        return True

    def write_blob(self, data: bytes) -> str:
        """Stores a blob as it is, without filters, and returns its id."""
        return self.text("hash-object", "-w", "--no-filters", "--stdin", stdin=data)

    def write_tree(self, base: str, changes: Mapping[str, Entry | None]) -> str:
        """A new tree: `base` (empty: nothing) with entries replaced, added, or (None) deleted."""
        if base and not is_object_id(base):
            return self._written(base, changes)
        return self._answers.get(("tree", base, *changes.items()), lambda: self._written(base, changes))

    def _written(self, base: str, changes: Mapping[str, Entry | None]) -> str:
        records = [
            f"0 {_ABSENT}\t{path}" if entry is None else f"{entry.mode} {entry.oid}\t{path}"
            for path, entry in sorted(changes.items(), key=lambda item: item[1] is not None)
        ]
        with tempfile.TemporaryDirectory(prefix="agent-gate-index-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self.git("read-tree", base or "--empty", env=index)
            stdin = "".join(f"{record}\0" for record in records).encode(errors="surrogateescape")
            self.git("update-index", "-z", "--index-info", stdin=stdin, env=index)
            return self.text("write-tree", env=index)

    def changed_files(self, base: str, tree: str) -> tuple[ChangedFile, ...]:
        """What differs between two trees, by path. A rename is a deletion and an addition."""
        from agent_gate.domain.proposal import ChangedFile  # a value of pydantic's: see test_import_hygiene

        output = self.git("diff-tree", "-r", "-z", "--no-renames", "--raw", "--numstat", base, tree)
        tokens = iter(output.decode(errors="surrogateescape").split("\0"))
        statuses: dict[str, str] = {}
        files: list[ChangedFile] = []
        for token in tokens:
            if token.startswith(":"):
                statuses[next(tokens)] = token[-1]
            elif token:
                added, deleted, path = token.split("\t", 2)
                files.append(
                    ChangedFile(
                        path=path,
                        status=_STATUS.get(statuses[path], "modified"),
                        added_lines=int(added) if added.isdigit() else 0,
                        deleted_lines=int(deleted) if deleted.isdigit() else 0,
                    )
                )
        return tuple(sorted(files, key=lambda file: file.path))

    def diff(self, base: str, tree: str, context: int = 3) -> str:
        """A unified diff between two trees, without colours, external programs or text conversion."""
        output = self.git(
            "diff-tree",
            "-r",
            "-p",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--no-renames",
            f"--unified={context}",
            base,
            tree,
        )
        return output.decode(errors="replace")

    def author(self) -> Identity:
        """The identity that git would write as author; raises RepositoryError where it is not set."""
        try:
            line = self.text("var", "GIT_AUTHOR_IDENT")
        except GitError as error:
            raise RepositoryError(
                f"git does not know who you are: {error.stderr.strip().splitlines()[-1]}",
                hint='git config user.name "Your Name"; git config user.email you@example.org',
            ) from None
        found = re.fullmatch(r"(.*) <(.*)> \d+ [+-]\d{4}", line)
        if not found:
            raise RepositoryError(f"git's identity {line!r} cannot be read")
        return Identity(found[1], found[2])


def _is_bare(path: Path) -> bool:
    try:
        return run_git(("rev-parse", "--is-bare-repository"), cwd=path) == b"true\n"
    except GitError:
        return False


def _outside(path: Path) -> RepositoryError:
    return RepositoryError(
        f"{path} is not inside a git repository",
        hint="change into one, name it with --repo DIR, or make one with: git init",
    )


def _forget_calling_repository() -> None:
    """Drops what `git rev-parse --local-env-vars` lists: set when a hook or an alias starts us."""
    for name in (
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_CONFIG", "GIT_CONFIG_COUNT",
        "GIT_CONFIG_PARAMETERS", "GIT_DIR", "GIT_GRAFT_FILE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX", "GIT_NO_REPLACE_OBJECTS", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
    ):  # fmt: skip
        os.environ.pop(name, None)
