from __future__ import annotations

import contextlib
import hashlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Mapping
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path

import pytest
from repositories import MakeRepository, commit_all, git, write_files

from agent_gate.errors import AwaitingDecision, StaleBaseError
from agent_gate.vcs.git_command import GitError
from agent_gate.vcs.landing import Landed, Landing, land
from agent_gate.vcs.notes import NOTES_REF, read_lines
from agent_gate.vcs.repo import Entry, Repository

RUN = "01JABCDEF0123456789ABCDEFG"
FILES = {"a.py": "a = 1\n", "b.py": "b = 1\n", "old.py": "old\n", "tool.sh": "#!/bin/sh\n"}
CHANGES = {"a.py": "a = 2\n", "new/n.py": "n = 1\n", "old.py": None}
LINES = ('{"line":1}', '{"line":2}')


def landing_of(
    repository: Repository,
    changes: Mapping[str, str | None] = CHANGES,
    ref: str = "refs/heads/main",
    mode: str = "100644",
) -> Landing:
    base = repository.resolve("HEAD")
    entries = {
        path: None if text is None else Entry(mode, repository.write_blob(text.encode()))
        for path, text in changes.items()
    }
    tree = repository.write_tree(base, entries)
    commit = repository.text("commit-tree", "-p", base, "-m", "landed", tree)
    return Landing(ref, base, commit, tree, LINES, RUN, "orders-once")


def points_to(link: Path) -> bytes:
    return os.fsencode(os.readlink(link))  # noqa: PTH115 - Path would tidy the target


def contents(root: Path) -> dict[str, bytes]:
    """Every file of a work tree, byte for byte, and every symbolic link."""
    return {
        str(path.relative_to(root)): points_to(path) if path.is_symlink() else path.read_bytes()
        for path in sorted(root.rglob("*"))
        if ".git" not in path.relative_to(root).parts and (path.is_symlink() or path.is_file())
    }


def everything(repository: Repository) -> tuple[object, ...]:
    """What a user owns: files, the index's bytes, HEAD and refs."""
    index = hashlib.sha256((repository.git_directory / "index").read_bytes()).hexdigest()
    return contents(repository.root), index, git(repository.root, "for-each-ref"), repository.branch()


def leftovers(repository: Repository) -> list[str]:
    names = [path.name for path in repository.git_directory.iterdir()]
    return [name for name in names if "lock" in name or name.startswith("agent-gate-index")]


def assert_landed(repository: Repository, landing: Landing) -> None:
    assert repository.ref(landing.ref) == landing.commit
    assert read_lines(repository, landing.tree) == LINES
    assert leftovers(repository) == []


class TestCheckedOutBranch:
    def test_moves_ref_note_index_and_work_tree(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository)
        assert land(repository, landing) == Landed("refs/heads/main")
        assert_landed(repository, landing)
        assert git(repository.root, "status", "--porcelain") == ""
        assert contents(repository.root) == {
            "a.py": b"a = 2\n", "b.py": b"b = 1\n", "new/n.py": b"n = 1\n", "tool.sh": b"#!/bin/sh\n"
        }  # fmt: skip
        assert git(repository.root, "reflog", "-1", "--format=%gs") == f"agent-gate: run {RUN}"

    def test_keeps_local_changes_in_other_files(self, make_repository: MakeRepository) -> None:
        repository = make_repository({**FILES, "c.py": "c = 1\n", ".gitignore": "*.log\n"})
        landing = landing_of(repository)
        write_files(repository.root, {"b.py": "staged\n", "untracked.py": "u\n", "x.log": "ignored\n"})
        git(repository.root, "add", "b.py")
        write_files(repository.root, {"b.py": "staged, then modified\n", "c.py": "modified\n"})
        before = git(repository.root, "status", "--porcelain")
        assert land(repository, landing) == Landed("refs/heads/main")
        assert_landed(repository, landing)
        assert git(repository.root, "status", "--porcelain") == before
        assert git(repository.root, "show", ":b.py") == "staged"
        assert (repository.root / "b.py").read_text() == "staged, then modified\n"
        assert (repository.root / "x.log").read_text() == "ignored\n"

    def test_a_touched_but_equal_file_is_no_local_change(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        os.utime(repository.root / "a.py", (1, 1))
        assert land(repository, landing_of(repository)) == Landed("refs/heads/main")

    def test_executable_and_symbolic_link(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        land(repository, landing_of(repository, {"tool.sh": "#!/bin/sh\n"}, mode="100755"))
        land(repository, landing_of(repository, {"link": "./b.py"}, mode="120000"))
        assert os.access(repository.root / "tool.sh", os.X_OK)
        assert points_to(repository.root / "link") == b"./b.py"

    def test_in_a_linked_work_tree(self, make_repository: MakeRepository, tmp_path: Path) -> None:
        main = make_repository(FILES)
        git(main.root, "worktree", "add", "-q", "-b", "topic", str(tmp_path / "linked"))
        before = everything(main)[:2]
        linked = Repository.open(tmp_path / "linked")
        landing = landing_of(linked, ref="refs/heads/topic")
        assert land(linked, landing) == Landed("refs/heads/topic")
        assert_landed(linked, landing)
        assert git(linked.root, "status", "--porcelain") == ""
        assert everything(main)[:2] == before


class TestAside:
    @pytest.mark.parametrize(
        ("path", "text", "staged"),
        [
            ("a.py", "mine\n", False),
            ("a.py", "mine\n", True),
            ("new/n.py", "untracked, mine\n", False),
            ("new", "a file where the commit has a folder\n", False),
            ("old.py", "modified, which the commit deletes\n", False),
        ],
    )
    def test_colliding_changes_stay(
        self, make_repository: MakeRepository, path: str, text: str, staged: bool
    ) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository)
        write_files(repository.root, {path: text})
        if staged:
            git(repository.root, "add", path)
        git(repository.root, "status")
        files, index, _, branch = everything(repository)
        landed = land(repository, landing)
        assert landed.ref == "refs/heads/agent-gate/orders-once"
        assert "git merge --ff-only agent-gate/orders-once" in landed.note
        assert repository.ref(landed.ref) == landing.commit
        assert repository.ref("refs/heads/main") == landing.base
        assert (files, index, branch) == (*everything(repository)[:2], repository.branch())
        assert read_lines(repository, landing.tree) == LINES
        assert leftovers(repository) == []

    def test_an_ignored_file_is_never_overwritten(self, make_repository: MakeRepository) -> None:
        repository = make_repository({**FILES, ".gitignore": "new/\n"})
        landing = landing_of(repository)
        write_files(repository.root, {"new/n.py": "a secret of mine\n"})
        assert land(repository, landing).ref == "refs/heads/agent-gate/orders-once"
        assert (repository.root / "new/n.py").read_text() == "a secret of mine\n"

    def test_the_note_tells_how_to_merge(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository)
        write_files(repository.root, {"b.py": "other\n", "a.py": "a = 1\n\n# mine\n"})
        note = land(repository, landing).note
        subprocess.run(
            note.partition("to merge it: ")[2].split(";")[0], shell=True, cwd=repository.root, check=True
        )
        git(repository.root, "merge", "--ff-only", "agent-gate/orders-once")
        assert repository.resolve("HEAD") == landing.commit

    def test_checked_out_elsewhere(self, make_repository: MakeRepository, tmp_path: Path) -> None:
        repository = make_repository(FILES)
        git(repository.root, "worktree", "add", "-q", "-b", "topic", str(tmp_path / "linked"))
        landing = landing_of(repository, ref="refs/heads/topic")
        landed = land(repository, landing)
        assert landed.ref == "refs/heads/agent-gate/orders-once"
        assert str(tmp_path / "linked") in landed.note
        assert repository.ref("refs/heads/topic") == landing.base
        assert git(tmp_path / "linked", "status", "--porcelain") == ""

    def test_detached_head(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        git(repository.root, "checkout", "-q", "--detach")
        landed = land(repository, landing_of(repository, ref="HEAD"))
        assert landed.ref == "refs/heads/agent-gate/orders-once"
        assert git(repository.root, "status", "--porcelain") == ""

    def test_taken_names_are_numbered(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        git(repository.root, "branch", "agent-gate/orders-once")
        git(repository.root, "branch", "agent-gate/orders-once-2")
        git(repository.root, "checkout", "-q", "--detach")
        landed = land(repository, landing_of(repository, ref="HEAD"))
        assert landed.ref == "refs/heads/agent-gate/orders-once-3"

    @pytest.mark.parametrize("operation", ["merge", "rebase"])
    def test_an_unfinished_operation(self, make_repository: MakeRepository, operation: str) -> None:
        repository = make_repository(FILES)
        git(repository.root, "switch", "-q", "-c", "other")
        write_files(repository.root, {"b.py": "theirs\n"})
        commit_all(repository.root)
        git(repository.root, "switch", "-q", "main")
        write_files(repository.root, {"b.py": "ours\n"})
        base = commit_all(repository.root)
        landing = landing_of(repository)
        subprocess.run(["git", operation, "other"], cwd=repository.root, capture_output=True, check=False)
        landed = land(repository, landing)
        assert landed.ref == "refs/heads/agent-gate/orders-once"
        assert repository.ref("refs/heads/main") == base


class TestNotCheckedOut:
    def test_only_the_ref_moves(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        git(repository.root, "branch", "topic")
        files, index, _, branch = everything(repository)
        landing = landing_of(repository, ref="refs/heads/topic")
        assert land(repository, landing) == Landed("refs/heads/topic")
        assert_landed(repository, landing)
        assert (files, index, branch) == (*everything(repository)[:2], repository.branch())

    def test_a_new_branch_is_made(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository, ref="refs/heads/brand-new")
        assert land(repository, landing) == Landed("refs/heads/brand-new")
        assert_landed(repository, landing)


class TestNothingLands:
    @pytest.mark.parametrize("recovering", [False, True])
    def test_stale_base(self, make_repository: MakeRepository, recovering: bool) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository)
        write_files(repository.root, {"b.py": "b = 2\n"})
        commit_all(repository.root)
        before = everything(repository)
        with pytest.raises(StaleBaseError, match="main moved"):
            land(repository, landing, recovering=recovering)
        assert everything(repository) == before

    def test_a_foreign_lock(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository)
        lock = repository.git_directory / "index.lock"
        lock.write_text("agent-gate 01JZZZZZZZZZZZZZZZZZZZZZZZ\n")
        before = everything(repository)
        with pytest.raises(AwaitingDecision, match="the run 01JZZZZZZZZZZZZZZZZZZZZZZZ holds"):
            land(repository, landing, recovering=True)
        assert everything(repository) == before
        assert lock.exists()
        assert leftovers(repository) == ["index.lock"]

    def test_a_locked_ref_undoes_the_work_tree(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository)
        lock = repository.git_directory / "refs/heads/main.lock"
        lock.touch()
        before = everything(repository)
        with pytest.raises(AwaitingDecision, match="holds a ref"):
            land(repository, landing)
        assert everything(repository) == before
        assert leftovers(repository) == []
        lock.unlink()
        assert land(repository, landing, recovering=True) == Landed("refs/heads/main")

    def test_a_missing_commit(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository)
        broken = Landing(**{**vars(landing), "commit": "1" * 40})
        before = everything(repository)
        with pytest.raises(GitError):
            land(repository, broken)
        assert everything(repository) == before


class TestNotes:
    def test_lines_join_those_that_stand_there(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository)
        git(repository.root, "notes", "--ref=agent-gate", "add", "-m", '{"line":0}', landing.tree)
        git(repository.root, "notes", "--ref=agent-gate", "append", "-m", LINES[0], landing.tree)
        land(repository, landing)
        assert read_lines(repository, landing.tree) == ('{"line":0}', *LINES)
        blob = git(repository.root, "notes", "--ref=agent-gate", "list", landing.tree)
        assert repository.blob(blob) == b'{"line":0}\n{"line":1}\n{"line":2}\n'
        assert repository.ref(NOTES_REF) is not None


class TestInterrupted:
    """Killed for real, at moments that differ; afterwards it is as if nothing had happened."""

    GIT = """#!/bin/sh
        count=$(($(cat "$AT/count") + 1))
        echo $count > "$AT/count"
        if [ "$count$SIGNAL" = "${AT_COMMAND}KILL" ]; then kill -KILL $PPID; exit 1; fi
        PATH="$REAL_PATH" git "$@"
        code=$?
        if [ "$count$SIGNAL" = "${AT_COMMAND}INT" ]; then kill -INT $PPID; fi
        exit $code
    """

    def land_in_child(self, repository: Repository, landing: Landing, **environment: str) -> ForkProcess:
        """A process that lands; git commands and all in a group of their own."""

        def run() -> None:
            os.setpgid(0, 0)
            os.environ.update(environment)
            land(repository, landing)

        child = get_context("fork").Process(target=run)
        child.start()
        return child

    @pytest.mark.parametrize("name", ["KILL", "INT"])
    def test_at_each_git_command(self, make_repository: MakeRepository, tmp_path: Path, name: str) -> None:
        """Killed before it, or interrupted from the keyboard after it; then taken up again."""
        (tmp_path / "git").write_text(self.GIT)
        (tmp_path / "git").chmod(0o755)
        environment = {
            "AT": str(tmp_path),
            "SIGNAL": name, "PATH": f"{tmp_path}:{os.environ['PATH']}", "REAL_PATH": os.environ["PATH"]
        }  # fmt: skip
        command = 0
        killed = True
        while killed:
            command += 1
            assert command < 60, "the child fails by itself"
            repository = make_repository(FILES, f"repo{command}")
            landing = landing_of(repository)
            write_files(repository.root, {"b.py": "staged\n", "untracked.txt": "u\n"})
            git(repository.root, "add", "b.py")
            status = git(repository.root, "status", "--porcelain")
            (tmp_path / "count").write_text("0")
            child = self.land_in_child(repository, landing, AT_COMMAND=str(command), **environment)
            child.join()
            killed = child.exitcode != 0
            if name == "INT" and repository.ref("refs/heads/main") == landing.base:
                assert leftovers(repository) == []
                assert git(repository.root, "status", "--porcelain") == status
            assert land(repository, landing, recovering=True) == Landed("refs/heads/main"), command
            assert_landed(repository, landing)
            assert git(repository.root, "status", "--porcelain") == status
        assert command > 10  # there were that many places to die

    def test_killed_together_with_git_at_any_moment(self, make_repository: MakeRepository) -> None:
        randomly = random.Random(7)
        files = {f"d{n % 7}/f{n}.txt": f"{n}\n" * 500 for n in range(90)}
        changes = {path: None if n % 5 == 0 else f"new {n}\n" * 500 for n, path in enumerate(files)}
        changes |= {f"added/{n}.txt": "added\n" * 500 for n in range(30)}
        ends = []
        for attempt in range(6):
            repository = make_repository({**files, "mine.txt": "1\n"}, f"repo{attempt}")
            landing = landing_of(repository, changes)
            write_files(repository.root, {"mine.txt": "2\n", "untracked.txt": "u\n"})
            status = git(repository.root, "status", "--porcelain")
            child = self.land_in_child(repository, landing)
            time.sleep(randomly.uniform(0.02, 0.2))
            assert child.pid
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.join()
            ends.append(child.exitcode)
            assert land(repository, landing, recovering=True) == Landed("refs/heads/main")
            assert_landed(repository, landing)
            assert git(repository.root, "status", "--porcelain") == status
            git(repository.root, "fsck", "--no-dangling")
        assert -signal.SIGKILL in ends, "nothing was interrupted"

    def test_killed_when_only_the_lock_was_left(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository)
        land(repository, landing)
        self.leave_lock(repository)
        assert land(repository, landing, recovering=True) == Landed("refs/heads/main")
        assert_landed(repository, landing)
        assert git(repository.root, "status", "--porcelain") == ""

    def test_locks_that_a_killed_transaction_left(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository)
        self.leave_lock(repository)
        (repository.git_directory / "HEAD.lock").touch()
        (repository.git_directory / "refs/heads/main.lock").write_text(f"{landing.commit}\n")
        assert land(repository, landing, recovering=True) == Landed("refs/heads/main")
        assert_landed(repository, landing)

    def test_the_ref_lock_of_another_process_stays(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository)
        before = everything(repository)
        lock = repository.git_directory / "refs/heads/main.lock"
        lock.write_text(f"{landing.base}\n")
        with pytest.raises(AwaitingDecision, match="holds a ref"):
            land(repository, landing, recovering=True)
        assert lock.exists()
        assert everything(repository) == before

    def test_a_branch_that_moved_without_its_note(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository)
        self.leave_lock(repository)
        git(repository.root, "update-ref", "refs/heads/main", landing.commit)
        assert land(repository, landing, recovering=True) == Landed("refs/heads/main")
        assert_landed(repository, landing)
        assert git(repository.root, "status", "--porcelain") == ""

    def test_a_cut_off_file_is_written_again(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository, {"a.py": "a = 2\nwhole\n", "new/n.py": "n = 1\n", "old.py": None})
        self.leave_lock(repository)
        write_files(repository.root, {"a.py": "a = 2\nwh", "new/n.py": ""})
        (repository.root / "old.py").unlink()
        assert land(repository, landing, recovering=True) == Landed("refs/heads/main")
        assert_landed(repository, landing)
        assert git(repository.root, "status", "--porcelain") == ""

    def test_edited_after_the_kill_before_the_branch_moved(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository)
        self.leave_lock(repository)
        write_files(repository.root, {"a.py": "edited since\n", "new/n.py": "n = 1\n"})
        landed = land(repository, landing, recovering=True)
        assert landed.ref == "refs/heads/agent-gate/orders-once"
        assert git(repository.root, "status", "--porcelain") == "M a.py"
        assert (repository.root / "a.py").read_text() == "edited since\n"

    def test_edited_after_the_kill_when_the_branch_had_moved(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository)
        self.leave_lock(repository)
        git(repository.root, "update-ref", "refs/heads/main", landing.commit)
        write_files(repository.root, {"a.py": "edited since\n", "new/n.py": "n = 1\n"})
        (repository.root / "old.py").unlink()
        assert land(repository, landing, recovering=True) == Landed("refs/heads/main")
        assert git(repository.root, "status", "--porcelain") == "M a.py"
        assert (repository.root / "a.py").read_text() == "edited since\n"
        assert leftovers(repository) == []

    def test_stale_meanwhile_is_undone(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository)
        other = repository.text("commit-tree", "-p", landing.base, "-m", "other", f"{landing.base}^{{tree}}")
        before = contents(repository.root)
        self.leave_lock(repository)
        write_files(repository.root, {"a.py": "a = 2\n", "new/n.py": "n = 1\n"})
        (repository.root / "old.py").unlink()
        git(repository.root, "update-ref", "refs/heads/main", other)
        with pytest.raises(StaleBaseError):
            land(repository, landing, recovering=True)
        assert contents(repository.root) == before
        assert git(repository.root, "status", "--porcelain") == ""
        assert leftovers(repository) == []

    def test_landed_and_built_upon(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        landing = landing_of(repository)
        land(repository, landing)
        later = commit_all(repository.root, "later")
        assert land(repository, landing, recovering=True) == Landed("refs/heads/main")
        assert repository.resolve("HEAD") == later

    def test_landed_aside_is_not_landed_twice(self, make_repository: MakeRepository) -> None:
        repository = make_repository(FILES)
        git(repository.root, "checkout", "-q", "--detach")
        landing = landing_of(repository, ref="HEAD")
        land(repository, landing)
        again = land(repository, landing, recovering=True)
        assert again.ref == "refs/heads/agent-gate/orders-once"
        assert repository.ref("refs/heads/agent-gate/orders-once-2") is None

    def leave_lock(self, repository: Repository) -> None:
        (repository.git_directory / "index.lock").write_text(f"agent-gate {RUN}\n")
