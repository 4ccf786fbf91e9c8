"""A repository of one commit around a private copy, for what needs git and must not see the user's."""

from __future__ import annotations

from pathlib import Path

from agent_gate.errors import RepositoryError
from agent_gate.vcs.repo import Repository

IDENTITY = {"GIT_AUTHOR_NAME": "agent-gate", "GIT_AUTHOR_EMAIL": "agent-gate@localhost"}
NO_USER_CONFIGURATION = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
_ENVIRONMENT = {
    **IDENTITY,
    **NO_USER_CONFIGURATION,
    "GIT_COMMITTER_NAME": IDENTITY["GIT_AUTHOR_NAME"],
    "GIT_COMMITTER_EMAIL": IDENTITY["GIT_AUTHOR_EMAIL"],
    "GIT_AUTHOR_DATE": "2000-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2000-01-01T00:00:00Z",
}
# A sandbox may change a file's owner; that alone must not make it look changed to git.
_CONFIGURATION = (
    "[core]\n\tcheckStat = minimal\n\ttrustctime = false\n"
    f"[user]\n\tname = {IDENTITY['GIT_AUTHOR_NAME']}\n\temail = {IDENTITY['GIT_AUTHOR_EMAIL']}\n"
)


def make_synthetic(repository: Repository, folder: Path, base_tree: str, tree: str, ref: str = "") -> None:
    """Turns `folder`, which holds the files of `tree`, into a repository of its own.

    Its only commit is `base_tree`, its index is `tree`, and its HEAD is on `ref` (detached without one).
    It holds the objects of these two trees and no history, no remote and no configuration of the user.
    Raises RepositoryError where the tree brings a `.git` of its own.
    """
    inner = folder / ".git"
    if inner.exists() or inner.is_symlink():
        raise RepositoryError("the tree holds a .git of its own", hint="no gate may be run in it")

    def git(*arguments: str) -> str:
        return repository.text("-C", str(folder), *arguments, env=_ENVIRONMENT)

    git("init", "--quiet", "--template=", *(["--object-format=sha256"] if len(tree) == 64 else []))
    with (inner / "config").open("a") as stream:
        stream.write(_CONFIGURATION)
    wanted = f"{base_tree}\n{tree}\n".encode()
    pack = str(inner / "objects" / "pack" / "pack")
    repository.git("pack-objects", "--quiet", "--revs", "--window=0", pack, stdin=wanted)
    commit = git("commit-tree", base_tree, "-m", "base")
    if ref:
        git("symbolic-ref", "HEAD", ref)
    git("update-ref", *([] if ref else ["--no-deref"]), "HEAD", commit)
    git("read-tree", tree)
    git("update-index", "-q", "--refresh")
