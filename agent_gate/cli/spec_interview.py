"""`spec new --no-ui`: the questions of the form as lines. No cursor movement, so that any link will do."""

from __future__ import annotations

import re
from pathlib import Path

import click

from agent_gate.cli.output import dim, marked, say, tell
from agent_gate.cli.spec_question import agreed, explain, read_line, tell_question, tell_section
from agent_gate.cli.spec_summary import tell_remark, tell_summary, tell_wrapped
from agent_gate.domain.visible import visible, visible_line
from agent_gate.drafting.check import check
from agent_gate.drafting.draft import Problem, SpecDraft
from agent_gate.drafting.interview import (
    Ask,
    Key,
    State,
    answered,
    is_about,
    next_ask,
    not_applicable,
    reopened,
    with_more,
)
from agent_gate.drafting.preset import PRESETS, preset
from agent_gate.drafting.source import draft_from_file
from agent_gate.drafting.store import DraftStore, KeptDraft, fresh_key
from agent_gate.drafting.suggestion import Suggestion, examples, suggestions
from agent_gate.drafting.yaml_text import to_yaml
from agent_gate.errors import AgentGateError, ExitCode, UsageError
from agent_gate.spec.surroundings import Surroundings

_FOLDER = "specs"
_SCHEMA = ".agent-gate/spec.schema.json"
_REASON = re.compile(r"n/a\b[\s:,-]*(?P<reason>.*)", re.IGNORECASE)
_COMMANDS = "Enter skips or keeps · ? explains · back · more: all fields of this clause · n/a REASON · ^C leaves, nothing is lost"


def hold(root: Path, store: DraftStore, draft: SpecDraft | None, path: str) -> int:
    """Asks, and writes the spec. Returns the exit code: 0 written, 2 kept because it is no spec yet."""
    interview = _Interview(root, store, path)
    try:
        interview.begin(draft)
        interview.ask_all()
        return interview.write()
    except EOFError:
        return interview.end_of_input()
    except (KeyboardInterrupt, click.Abort):
        tell()
        interview.tell_kept()
        return int(ExitCode.INTERRUPTED)


class _Interview:
    """One sitting: the states so far, where each is kept, and what the repository says."""

    def __init__(self, root: Path, store: DraftStore, path: str) -> None:
        self._root = root
        self._store = store
        self._path = path
        self._key = fresh_key()
        self._surroundings = Surroundings.of(root)
        self._states: list[State] = [State(SpecDraft())]
        self._problems: tuple[Problem, ...] = ()
        self._finds: tuple[Suggestion, ...] = ()
        self._found_for: object = None
        self._headed = ""
        self._summed = False
        self._again: Key = ()
        """The question that is open again, because its answer holds an error."""

    @property
    def _state(self) -> State:
        return self._states[-1]

    def begin(self, draft: SpecDraft | None) -> None:
        """Goes on with what was left, or asks how to begin."""
        tell_wrapped(_COMMANDS, quiet=True)
        if draft is None:
            draft = self._left() or self._chosen()
        self._go_to(State(draft))
        self._states = self._states[-1:]

    def ask_all(self) -> None:
        """One question after the other, until none is left."""
        while True:
            self._survey()
            ask = next_ask(self._state, self._problems, self._finds)
            if ask is None:
                return
            self._tell(ask)
            self._take(ask, read_line())

    def write(self) -> int:
        """Says what will verify it, and writes the file; asks before it replaces one."""
        draft = self._state.draft
        errors = [problem for problem in self._problems if problem.level == "error"]
        tell_summary(draft, self._problems)
        self._summed = True
        if not self._path:
            self._path = self._asked_path(f"{_FOLDER}/{draft.text('id') or 'spec'}.yaml")
        elif errors and not agreed("It is no spec yet. Write it all the same?", default=True):
            return self._kept_for_later()
        while (self._root / self._path).exists():
            if agreed(f"{visible(self._path)} is there already. Replace it?", default=False):
                break
            self._path = self._asked_path("")
        return self._written(len(errors))

    def end_of_input(self) -> int:
        """The answers ended: what is a spec is written, what is none is kept."""
        self._judge()
        errors = [problem for problem in self._problems if problem.level == "error"]
        tell()
        if not self._summed:
            tell_summary(self._state.draft, self._problems)
        path = self._path or f"{_FOLDER}/{self._state.draft.text('id') or 'spec'}.yaml"
        if errors or (self._root / path).exists():
            if not errors:
                tell(marked("errored", f"{visible(path)} is there already, and nothing says to replace it"))
            return self._kept_for_later()
        self._path = path
        return self._written(0)

    def tell_kept(self) -> None:
        """Where the draft is, and how to go on."""
        tell("kept as a draft; go on with: agent-gate spec new --no-ui")

    def _kept_for_later(self) -> int:
        self.tell_kept()
        return int(ExitCode.USAGE)

    def _written(self, errors: int) -> int:
        target = self._root / self._path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self._for_editors() + to_yaml(self._state.draft), encoding="utf-8")
        except OSError as error:
            self.tell_kept()
            raise UsageError(f"{self._path}: {error.strerror or error}", hint="name another file") from None
        self._store.forget(self._key)
        say(visible(self._path))
        if errors:
            tell(f"next: mend it, then: agent-gate spec check {visible(self._path)}")
            return int(ExitCode.USAGE)
        tell(f"next: agent-gate run {visible(self._path)}")
        return int(ExitCode.DONE)

    def _for_editors(self) -> str:
        """The comment by which an editor finds the schema, where `init` has put one."""
        if not (self._root / _SCHEMA).exists():
            return ""
        return f"# yaml-language-server: $schema={'../' * self._path.count('/')}{_SCHEMA}\n"

    def _asked_path(self, default: str) -> str:
        while True:
            tell(
                f"Write it to {visible(default)}? Enter, or another file" if default else "Which file, then?"
            )
            path = read_line() or default
            inside = (self._root / path).resolve()
            if path and inside.is_relative_to(self._root.resolve()) and not inside.is_dir():
                return inside.relative_to(self._root.resolve()).as_posix()
            tell(marked("failed", "name a file inside of the repository"))

    def _left(self) -> SpecDraft | None:
        """What was begun before and not finished; None where there is nothing, or it is not wanted now."""
        for key, kept in self._store.unfinished():
            told = kept.draft.text("title") or kept.draft.text("goal") or "a spec without a title"
            if agreed(f"You left “{visible_line(told)}”. Go on with it?", default=True):
                self._key, self._path = key, self._path or kept.path
                return kept.draft
        return None

    def _chosen(self) -> SpecDraft:
        tell("\nHow do you want to begin?")
        for number, each in enumerate(PRESETS, start=1):
            tell(f"  {number}  {each.title:<17} {dim(each.about)}")
        tell(f"  or  {'a file':<16} {dim('a spec, or the text of an issue')}")
        while True:
            line = read_line()
            by_number = {str(number): each.name for number, each in enumerate(PRESETS, start=1)}
            try:
                return _begun(by_number.get(line, line or "blank"))
            except AgentGateError as error:
                tell(marked("failed", visible(error.message)))

    def _take(self, ask: Ask, line: str) -> None:
        """What a line does: a command, or an answer."""
        reason = _REASON.fullmatch(line)
        if line == "?":
            self._again = ()
            explain(ask)
        elif line.lower() == "back":
            self._go_back()
        elif line.lower() == "more":
            self._ask_more(ask)
        elif reason and ask.suggestion is None and not ask.slot:
            self._wave_away(ask, reason["reason"].strip())
        else:
            self._answer(ask, line)

    def _answer(self, ask: Ask, line: str) -> None:
        self._again = ()
        if ask.suggestion is not None and line.lower() not in {"", "y", "yes", "n", "no"}:
            tell(marked("failed", "y or n"))
            return
        if ask.field is not None and ask.field.choices and line and line not in ask.field.choices:
            tell(marked("failed", f"one of {', '.join(ask.field.choices)}"))
            return
        self._go_to(answered(self._state, ask, line))
        if line and ask.suggestion is None:
            for problem in self._problems:
                if is_about(problem, ask):
                    tell_remark(problem)
            open_again = reopened(self._state, ask, self._problems)
            self._again = _key_of(open_again, self._state)
            self._states[-1] = open_again

    def _ask_more(self, ask: Ask) -> None:
        if ask.clause < 0 or ask.opens:
            tell(marked("failed", "more asks all fields of a clause; here is none yet"))
            return
        self._go_to(with_more(self._state, ask))

    def _wave_away(self, ask: Ask, reason: str) -> None:
        if not reason:
            tell(marked("failed", "n/a wants a reason: n/a a nightly job; nobody waits for it"))
            return
        state = not_applicable(self._state, ask, reason, self._problems)
        if state is None:
            tell(
                marked("failed", "n/a answers a section without clauses, or a question (!) about this field")
            )
            return
        self._go_to(state)
        for problem in self._problems:
            if problem.field == "not_applicable" and problem.section == ask.section.name:
                tell_remark(problem)

    def _go_to(self, state: State) -> None:
        """The next state; its draft is on the disk before anything else is asked."""
        self._states.append(state)
        self._store.keep(self._key, KeptDraft(path=self._path, draft=state.draft))
        self._judge()

    def _go_back(self) -> None:
        if len(self._states) == 1:
            tell(dim("  this is the first question"))
            return
        self._states.pop()
        self._headed = ""
        self._store.keep(self._key, KeptDraft(path=self._path, draft=self._state.draft))
        self._judge()

    def _judge(self) -> None:
        _, self._problems = check(self._state.draft, self._path or "the draft", "", self._surroundings)

    def _survey(self) -> None:
        """Looks through the repository again where the files that it is about have changed."""
        draft = self._state.draft
        about = (draft.text("allow"), draft.text("context"), draft.clauses, draft.not_applicable)
        if draft.text("allow") and about != self._found_for:
            self._finds = suggestions(draft, self._surroundings.tree)
            self._found_for = about

    def _tell(self, ask: Ask) -> None:
        """The question, under the title of its section where that is another one than before."""
        if ask.key == self._again:
            tell(dim(f"  now: {visible_line(ask.standing)}   Enter keeps it"))
            return
        if not ask.slot and ask.section.name != self._headed:
            self._headed = ask.section.name
            tell_section(ask.section, self._state.draft, self._problems)
        about = [problem for problem in self._problems if is_about(problem, ask)]
        field = ask.field.name if ask.field else ""
        here = examples(self._finds, self._surroundings.tree).get((ask.section.name, field), "")
        tell_question(ask, about, here or ask.example)


def _key_of(open_again: State, before: State) -> Key:
    return next(iter(before.asked - open_again.asked), ())


def _begun(name: str) -> SpecDraft:
    return preset(name) if name in {each.name for each in PRESETS} else draft_from_file(Path(name))
