from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from values import decision, parked, sealed, started

from agent_gate.errors import JournalError, RunBusyError, UsageError
from agent_gate.run import events as ev
from agent_gate.run.journal import JOURNAL_FILE, Journal, RunStore
from agent_gate.run.state import fold

ASKED = ev.ProposalStarted(attempt=1)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / ".git")


@pytest.fixture
def journal(store: RunStore) -> Journal:
    """A run that has begun."""
    journal = store.create()
    with journal.writing():
        journal.append(started())
    return journal


def write(journal: Journal, *events: ev.JournalEvent) -> None:
    with journal.writing():
        for event in events:
            journal.append(event)


class TestAppending:
    def test_events_are_numbered_and_carry_the_run(self, journal: Journal) -> None:
        with journal.writing():
            written = journal.append(ASKED)
        assert (written.seq, written.run) == (2, journal.run_id)
        assert [event.seq for event in journal.events()] == [1, 2]
        assert journal.events()[1] == written

    def test_a_whole_run_is_kept_and_folds_to_the_same_state(self, store: RunStore) -> None:
        journal = store.create()
        write(journal, *sealed())
        state = Journal(journal.directory).state()
        assert state.phase == "sealed"
        assert (state.run_id, state.last_seq) == (journal.run_id, len(sealed()))

    def test_the_state_is_at_hand_while_writing(self, journal: Journal) -> None:
        with journal.writing():
            journal.append(ASKED)
            assert journal.state().phase == "proposing"
            assert journal.state() == fold(journal.events())

    def test_an_event_is_in_the_file_when_append_returns(self, journal: Journal) -> None:
        with journal.writing():
            written = journal.append(ASKED)
            assert journal.path.read_text().splitlines()[-1] == written.line()

    def test_without_the_lock_nothing_is_written(self, journal: Journal) -> None:
        before = journal.path.read_bytes()
        with pytest.raises(JournalError, match="without its lock"):
            journal.append(ASKED)
        with journal.writing():
            pass
        with pytest.raises(JournalError, match="without its lock"):
            journal.append(ASKED)
        assert journal.path.read_bytes() == before

    def test_an_event_that_does_not_fit_is_never_written(self, journal: Journal) -> None:
        before = journal.path.read_bytes()
        waiting = fold(parked())
        with journal.writing():
            for event in (decision(waiting), ev.Sealed(commit="c", ref="r"), started()):
                with pytest.raises(JournalError, match="does not fit"):
                    journal.append(event)
            journal.append(ASKED)
        assert journal.path.read_bytes().startswith(before)
        assert journal.state().phase == "proposing"

    def test_the_first_event_is_the_start(self, store: RunStore) -> None:
        journal = store.create()
        with journal.writing(), pytest.raises(JournalError, match="RunStarted"):
            journal.append(ASKED)
        assert journal.events() == ()

    def test_what_another_process_appended_is_seen(self, journal: Journal) -> None:
        other = Journal(journal.directory)
        write(journal, ASKED)
        write(other, ev.ProposalFailed(attempt=1, message="no"))
        write(journal, ASKED)
        assert [event.seq for event in other.events()] == [1, 2, 3, 4]

    def test_appending_costs_the_same_however_long_the_journal_is(self, journal: Journal) -> None:
        with journal.writing():
            for _ in range(300):
                journal.append(ASKED)
            calls: list[str] = []
            sys.setprofile(lambda _, kind, what: calls.append(what.__name__) if kind == "c_call" else None)
            try:
                journal.append(ASKED)
            finally:
                sys.setprofile(None)
        assert len(journal.events()) == 302
        assert (calls.count("write"), calls.count("fsync")) == (1, 1)
        assert not {"read", "readall", "validate_json"} & set(calls)


class TestDamage:
    @pytest.mark.parametrize("torn", [b"{", b'{"type":"RunBlocked","message":"x"}', b"\0\0\0", b"\xff"])
    def test_a_torn_last_line_is_dropped_and_written_over(self, journal: Journal, torn: bytes) -> None:
        whole = journal.path.read_bytes()
        journal.path.write_bytes(whole + torn)
        assert len(journal.events()) == 1
        write(journal, ASKED)
        assert [event.type for event in journal.events()] == ["RunStarted", "ProposalStarted"]
        assert journal.path.read_bytes().startswith(whole + b'{"type":"ProposalStarted"')

    def test_a_long_torn_line_leaves_nothing_behind(self, journal: Journal) -> None:
        journal.path.write_bytes(journal.path.read_bytes() + b"x" * 5000)
        write(journal, ASKED)
        assert len(journal.path.read_bytes().splitlines()) == 2
        assert journal.path.read_bytes().endswith(b"}\n")

    def test_a_journal_cut_at_any_byte_can_be_carried_on(self, journal: Journal) -> None:
        write(journal, ASKED)
        whole = journal.path.read_bytes()
        first = whole.index(b"\n") + 1
        for length in (*range(first, len(whole), 7), len(whole) - 1):
            journal.path.write_bytes(whole[:length])
            write(journal, ev.RunAborted(message="cut"))
            assert [event.type for event in journal.events()] == ["RunStarted", "RunAborted"]

    @pytest.mark.parametrize("line", [b"{}", b"", b"not json", b'{"type":"FromTheFuture","seq":2}', b"\xff"])
    def test_damage_in_the_middle_is_an_error_that_names_the_line(
        self, journal: Journal, line: bytes
    ) -> None:
        write(journal, ASKED)
        first, second = journal.path.read_bytes().splitlines(keepends=True)
        journal.path.write_bytes(first + line + b"\n" + second)
        with pytest.raises(JournalError, match=rf"{JOURNAL_FILE}:2: not an event"):
            journal.events()
        with pytest.raises(JournalError), journal.writing():
            pass

    def test_a_lost_or_doubled_line_is_an_error(self, journal: Journal) -> None:
        write(journal, ASKED, ev.ProposalFailed(attempt=1, message="no"))
        lines = journal.path.read_bytes().splitlines(keepends=True)
        for damaged in ([lines[0], lines[2]], [lines[0], lines[0], lines[1]]):
            journal.path.write_bytes(b"".join(damaged))
            with pytest.raises(JournalError, match=r":2: event [31] stands where event 2 belongs"):
                journal.events()


HOLDER = """
import sys, time
from pathlib import Path
from agent_gate.run.journal import Journal
with Journal(Path(sys.argv[1])).writing():
    print("held", flush=True)
    time.sleep(60)
"""


class TestLock:
    def test_two_processes_cannot_write_at_once(self, journal: Journal) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(journal.directory)], stdout=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(RunBusyError, match=journal.run_id), journal.writing():
                pass
            assert len(journal.events()) == 1
            holder.kill()
        write(journal, ASKED)
        assert len(journal.events()) == 2

    def test_one_process_cannot_hold_it_twice(self, journal: Journal) -> None:
        with journal.writing():
            with pytest.raises(RunBusyError), journal.writing():
                pass
            with pytest.raises(RunBusyError), Journal(journal.directory).writing():
                pass
            journal.append(ASKED)

    def test_an_error_while_writing_gives_the_lock_back(self, journal: Journal) -> None:
        with pytest.raises(RuntimeError), journal.writing():
            raise RuntimeError
        write(journal, ASKED)


class TestKeeping:
    def test_a_file_is_kept_whole_and_alone(self, journal: Journal) -> None:
        path = journal.keep("replies", "1.md", b"first")
        assert journal.keep("replies", "1.md", b"second") == path
        assert path.read_bytes() == b"second"
        assert [item.name for item in path.parent.iterdir()] == ["1.md"]


class TestStore:
    def test_only_the_owner_can_look_into_a_run(self, store: RunStore, journal: Journal) -> None:
        journal.keep("replies", "1.md", b"x")
        assert store.root.stat().st_mode & 0o777 == 0o700
        assert journal.directory.stat().st_mode & 0o777 == 0o700
        assert (journal.directory / "replies").stat().st_mode & 0o777 == 0o700
        assert journal.path.stat().st_mode & 0o077 == 0

    def test_a_careless_umask_changes_nothing(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            journal = RunStore(tmp_path / ".git").create()
            write(journal, started())
        finally:
            os.umask(before)
        assert journal.directory.stat().st_mode & 0o777 == 0o700
        assert journal.directory.parent.stat().st_mode & 0o777 == 0o700
        assert journal.path.stat().st_mode & 0o777 == 0o600

    def test_a_folder_that_was_left_open_is_closed(self, store: RunStore) -> None:
        store.root.mkdir(mode=0o755, parents=True)
        store.create()
        assert store.root.stat().st_mode & 0o777 == 0o700

    def test_runs_are_listed_newest_first_without_what_never_began(self, store: RunStore) -> None:
        assert store.all() == ()
        runs = []
        for _ in range(3):
            run = store.create()
            write(run, started())
            runs.append(run.run_id)
            time.sleep(0.002)
        store.create()
        assert [run.run_id for run in store.all()] == runs[::-1]
        assert store.find("@").run_id == runs[-1]

    def test_a_run_is_found_by_an_unambiguous_prefix_in_any_case(self, store: RunStore) -> None:
        for name in ("01JA000000000000000000000A", "01JB000000000000000000000B"):
            (store.root / name).mkdir(parents=True)
            write(Journal(store.root / name), started())
        assert store.find("01JA").run_id == "01JA000000000000000000000A"
        assert store.find("01jb000000000000000000000b").run_id == "01JB000000000000000000000B"
        with pytest.raises(UsageError, match="more than one run"):
            store.find("01J")
        for name in ("", "02", "../01JA"):
            with pytest.raises(UsageError, match="no run"):
                store.find(name)

    def test_without_runs_the_newest_is_none(self, store: RunStore) -> None:
        with pytest.raises(UsageError, match="no run '@'"):
            store.find("@")
