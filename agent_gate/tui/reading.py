"""Reads a draft beside the typing: what the lint says, and what the repository proposes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent_gate.domain.spec import Spec
from agent_gate.drafting.check import check
from agent_gate.drafting.draft import Problem, SpecDraft
from agent_gate.drafting.suggestion import Suggestion, suggestions
from agent_gate.spec.surroundings import Surroundings
from agent_gate.survey.work_tree import WorkTree
from agent_gate.tui.manuscript import Manuscript

_ASIDE = re.compile(r"test|__\w+__\.py|(^|/)(docs|setup\.py|conftest\.py)")
"""Files that are a poor example of what a change is about."""


@dataclass(frozen=True)
class Reading:
    """What was seen in one state of the draft."""

    spec: Spec | None = None
    """The spec that it is, where nothing is wrong with it."""
    problems: tuple[Problem, ...] = ()
    suggestions: tuple[Suggestion, ...] | None = None
    """None while the repository is still being looked through."""
    examples: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """What might stand in a field here, by section and field; fields outside of clauses under no section."""

    @property
    def left(self) -> str:
        """What is still open, in a few words; empty where nothing is."""
        errors = list(dict.fromkeys(p.section for p in self.problems if p.level == "error"))
        questions = sum(problem.level == "question" for problem in self.problems)
        parts = [
            f"open: {', '.join(name.replace('_', ' ') for name in errors)}" if errors else "",
            f"{questions} {'question' if questions == 1 else 'questions'}" if questions else "",
        ]
        return "   ".join(part for part in parts if part)


class Reader:
    """Reads in a thread, since the lint looks into files and the survey into all of them."""

    def __init__(self, root: Path) -> None:
        self._tree = WorkTree(root)
        self._surroundings = Surroundings(self._tree)
        self._last = Reading()

    async def lint(self, manuscript: Manuscript) -> Reading | None:
        """What the lint says; None where the draft was changed meanwhile: it will be read again."""
        draft, path, before = manuscript.draft, manuscript.path or "the draft", manuscript.before
        spec, problems = await asyncio.to_thread(check, draft, path, before, self._surroundings)
        return self._report(draft, manuscript, replace(self._last, spec=spec, problems=problems))

    async def survey(self, manuscript: Manuscript) -> Reading | None:
        """The same, with what the repository proposes for the draft."""
        draft = manuscript.draft
        found = await asyncio.to_thread(suggestions, draft, self._tree)
        examples = _examples(found, self._tree)
        return self._report(draft, manuscript, replace(self._last, suggestions=found, examples=examples))

    def _report(self, draft: SpecDraft, manuscript: Manuscript, reading: Reading) -> Reading | None:
        if manuscript.draft is not draft:
            return None
        self._last = reading
        return reading


def _examples(found: tuple[Suggestion, ...], tree: WorkTree) -> Mapping[tuple[str, str], str]:
    """The first suggestion of a section shows what its fields may say; the paths come from the files."""
    examples: dict[tuple[str, str], str] = {}
    for suggestion in found:
        for name, text in suggestion.clause.fields.items() if suggestion.clause else ():
            if text.strip():
                examples.setdefault((suggestion.section, name), text)
    sources = [path for path in tree.files if path.endswith(".py") and not _ASIDE.search(path)]
    if sources:
        inner = next((path for path in sources if "/" in path), sources[0])
        folder = inner.partition("/")[0] if "/" in inner else ""
        examples["", "allow"] = f"{folder}/**" if folder else inner
        examples["", "context"] = inner
    return examples
