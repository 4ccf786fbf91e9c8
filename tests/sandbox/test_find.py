from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent_gate.sandbox import confine, find, seccomp
from agent_gate.sandbox.base import Sandbox
from agent_gate.sandbox.bubblewrap import Bubblewrap
from agent_gate.sandbox.find import find_sandbox, probe
from agent_gate.sandbox.none import Unconfined
from agent_gate.sandbox.remembered import Remembered, TrialStore, identity
from agent_gate.sandbox.trial import try_out

BROKEN = Bubblewrap(bwrap="/bin/false", prlimit="/usr/bin/prlimit")
CLAIMED = Remembered(loopback=False, detail="claimed")


@pytest.fixture
def store(tmp_path: Path) -> TrialStore:
    return TrialStore(tmp_path / "cache" / "sandbox")


async def test_it_is_probed_once_per_process() -> None:
    assert await find_sandbox() is await find_sandbox()


async def test_what_the_real_command_line_says_decides() -> None:
    found = await probe([("bubblewrap", lambda: BROKEN)])
    assert found.sandbox is None
    assert "cannot confine" in found.reason
    assert "bwrap-userns-restrict" in found.hint


async def test_a_missing_program_is_a_reason_and_a_hint() -> None:
    missing = "the program bwrap is not installed (package bubblewrap)"
    found = await probe([("bubblewrap", lambda: missing)])
    assert (found.sandbox, found.reason) == (None, f"bubblewrap: {missing}")
    assert "bubblewrap" in found.hint


async def test_the_next_one_is_tried_and_the_reason_kept(sandbox: Sandbox) -> None:
    found = await probe(
        [("first", lambda: "is missing"), ("second", lambda: BROKEN), ("third", lambda: sandbox)]
    )
    assert found.sandbox == sandbox
    assert "first: is missing; bubblewrap cannot confine" in found.reason


async def test_one_that_starts_and_does_not_hold_is_not_used() -> None:
    """Which also shows that each of the attempts works where nothing stops it."""
    found = await probe([("none", Unconfined)])
    assert found.sandbox is None
    for attempt in (
        "read a file outside", "write a file outside", "reach a port of this machine", "reach a socket outside",
        "signal a process outside",
    ):  # fmt: skip
        assert attempt in found.reason


async def test_one_that_holds_in_part_is_not_used(sandbox: Sandbox) -> None:
    assert isinstance(sandbox, Bubblewrap)

    class Leaky(Bubblewrap):
        def wrap(self, request: object) -> tuple[tuple[str, ...], dict[str, str]]:
            argv, env = super().wrap(request)  # type: ignore[arg-type]
            return tuple(word for word in argv if word != "--unshare-net"), env

    leaky = Leaky(sandbox.bwrap, sandbox.prlimit, sandbox.setpriv, sandbox.as_root, sandbox.filter)
    assert (await try_out(leaky)).problem.endswith("a confined command could reach a port of this machine")


async def test_the_trial_tells_whether_there_is_a_loopback(sandbox: Sandbox) -> None:
    trial = await try_out(sandbox)
    assert trial.problem == ""
    assert trial.loopback is sandbox.has_loopback


async def test_a_trial_that_went_well_is_remembered(sandbox: Sandbox, store: TrialStore) -> None:
    first = await probe([("x", lambda: sandbox)], store)
    assert first.sandbox == sandbox
    assert first.detail.startswith(("bubblewrap ", "landlock "))
    store.keep(identity(sandbox), CLAIMED)
    assert (await probe([("x", lambda: sandbox)], store)).detail == "claimed"


async def test_a_failed_trial_is_made_again_each_time(store: TrialStore) -> None:
    await probe([("x", lambda: BROKEN)], store)
    assert store.recall(identity(BROKEN)) is None


def test_another_program_is_another_identity(tmp_path: Path) -> None:
    program = tmp_path / "bwrap"
    program.write_text("1")
    before = identity(replace(BROKEN, bwrap=str(program)))
    assert before == identity(replace(BROKEN, bwrap=str(program)))
    os.utime(program, (1, 1))
    assert before != identity(replace(BROKEN, bwrap=str(program)))
    assert before != identity(Unconfined())


class TestStore:
    def test_what_is_kept_is_recalled_by_its_key_alone(self, store: TrialStore) -> None:
        store.keep("sha256:aa", CLAIMED)
        assert store.recall("sha256:aa") == CLAIMED
        assert store.recall("sha256:ab") is None

    def test_its_folder_is_for_its_owner_alone(self, store: TrialStore, tmp_path: Path) -> None:
        store.keep("sha256:aa", CLAIMED)
        folder = tmp_path / "cache" / "sandbox"
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "aa.json").stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize("name", ["", "aa.json"])
    def test_what_others_may_write_counts_as_absent(
        self, store: TrialStore, tmp_path: Path, name: str
    ) -> None:
        store.keep("sha256:aa", CLAIMED)
        path = tmp_path / "cache" / "sandbox" / name
        path.chmod(path.stat().st_mode | 0o020)
        assert store.recall("sha256:aa") is None

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    @pytest.mark.parametrize("name", ["", "aa.json"])
    def test_what_belongs_to_others_counts_as_absent(
        self, store: TrialStore, tmp_path: Path, name: str
    ) -> None:
        store.keep("sha256:aa", CLAIMED)
        os.chown(tmp_path / "cache" / "sandbox" / name, 65534, 65534)
        assert store.recall("sha256:aa") is None

    def test_links_are_not_followed(self, store: TrialStore, tmp_path: Path) -> None:
        store.keep("sha256:aa", CLAIMED)
        file = tmp_path / "cache" / "sandbox" / "aa.json"
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
        assert store.recall("sha256:aa") is None

    @pytest.mark.parametrize(
        "content", [b"", b"{", b"[]", b"{}", b"null", b'{"key":"sha256:bb"}', b"\xff", b"[" * 90000]
    )
    def test_what_cannot_be_read_counts_as_absent(
        self, store: TrialStore, tmp_path: Path, content: bytes
    ) -> None:
        store.keep("sha256:aa", CLAIMED)
        (tmp_path / "cache" / "sandbox" / "aa.json").write_bytes(content)
        assert store.recall("sha256:aa") is None

    def test_a_folder_that_cannot_be_made_is_only_slow(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        store = TrialStore(tmp_path / "file" / "sandbox")
        store.keep("sha256:aa", CLAIMED)
        assert store.recall("sha256:aa") is None


def test_each_system_has_its_own_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [name for name, _ in find.candidates()] == ["bubblewrap", "landlock"]
    monkeypatch.setattr(sys, "platform", "darwin")
    assert [name for name, _ in find.candidates()] == ["seatbelt"]
    assert find.seatbelt() == "the program /usr/bin/sandbox-exec is not installed"


def test_an_old_kernel_is_refused_with_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "landlock_abi", lambda: 4)
    assert find.landlock() == (
        "this kernel has only version 4 of Landlock; version 6 (Linux 6.12) also stops signals"
    )
    monkeypatch.setattr(seccomp, "this_machine", lambda: None)
    assert "no system call filter is written for" in str(find.landlock())
