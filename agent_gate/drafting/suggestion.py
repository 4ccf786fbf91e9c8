"""What the repository proposes for a spec, as things that can be taken into a draft."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from agent_gate.domain.pattern import matches, pattern_problem
from agent_gate.domain.visible import visible_line
from agent_gate.drafting.draft import ClauseDraft, SpecDraft, items_of
from agent_gate.drafting.question import BY_NAME
from agent_gate.drafting.spoken_of import is_spoken_of
from agent_gate.drafting.yaml_text import clause_of, table_of, with_entries
from agent_gate.survey.proposal import Proposal, proposals
from agent_gate.survey.python_source import is_test_file
from agent_gate.survey.work_tree import WorkTree

_TITLE_LENGTH = 100
_TOLD_FIRST = ("cause", "threat", "statement", "stimulus")
"""The field of a clause that tells what it is about."""


class Suggestion(NamedTuple):
    """One thing that can be taken: a clause, services, or a file for the context."""

    section: str
    """The page of the form where it belongs."""
    title: str
    """One line that says what would be taken."""
    why: str
    """How the repository shows it: "shop/db.py:3 imports psycopg"."""
    clause: ClauseDraft | None = None
    """Without an id; it gets the next free one."""
    services: Mapping[str, Any] = {}
    context: str = ""


def suggestions(draft: SpecDraft, tree: WorkTree | None) -> tuple[Suggestion, ...]:
    """What may be taken into the draft as it is now, in the survey's order.

    Nothing that it speaks of already, and nothing for a section that a person has waved away with a reason.
    """
    if tree is None:
        return ()
    proposed = _surveyed(tree, _shown_files(draft, tree))
    found = list(_suggested((each for each in proposed if not is_spoken_of(each, draft, tree)), draft))
    found += _files(draft, tree, found)
    return tuple(each for each in found if not draft.not_applicable.get(each.section, "").strip())


def take(draft: SpecDraft, suggestion: Suggestion) -> SpecDraft:
    """The draft with it. Nothing that was typed is lost, and taking it twice changes nothing."""
    if suggestion.context:
        shown = items_of(draft.text("context"))
        missing = suggestion.context not in shown
        return draft.with_text("context", "\n".join([*shown, suggestion.context])) if missing else draft
    if suggestion.services:
        return draft.with_text("services", with_entries(draft.text("services"), suggestion.services))
    clause = suggestion.clause
    if clause is None or any(_holds(there, clause) for there in draft.of(suggestion.section)):
        return draft
    clause = _bound(clause, suggestion.section, draft)
    draft = draft.with_new_clause(suggestion.section)
    last = len(draft.of(suggestion.section)) - 1
    fresh = draft.of(suggestion.section)[last]
    return draft.with_clause(suggestion.section, last, clause.model_copy(update={"id": fresh.id}))


def examples(found: Iterable[Suggestion], tree: WorkTree | None) -> Mapping[tuple[str, str], str]:
    """What might stand in a field here, by section and field: from the first suggestion, or the first source."""
    told: dict[tuple[str, str], str] = {}
    for suggestion in found:
        for name, text in suggestion.clause.fields.items() if suggestion.clause else ():
            if text.strip():
                told.setdefault((suggestion.section, name), text)
    sources = [path for path in tree.files if _is_source(path)] if tree else []
    if sources:
        inner = next((path for path in sources if "/" in path), sources[0])
        told["paths", "allow"] = f"{inner.partition('/')[0]}/**" if "/" in inner else inner
        told["paths", "context"] = inner
    return told


@lru_cache(maxsize=2)
def _surveyed(tree: WorkTree, files: tuple[str, ...]) -> tuple[Proposal, ...]:
    """The survey reads every source of the repository: once for each choice of files, not for each key."""
    return proposals(tree, files)


def _suggested(found: Iterable[Proposal], draft: SpecDraft) -> Iterator[Suggestion]:
    for proposal in found:
        why = visible_line(proposal.why)
        if proposal.section == "services":
            known: Mapping[str, Any] = table_of(draft.text("services")) or {}
            fresh = {name: value for name, value in proposal.fields.items() if name not in known}
            if fresh:
                title = f"services: {', '.join(fresh)}"
                yield Suggestion("load", visible_line(title), why, services=fresh)
        elif proposal.section in BY_NAME:
            clause = clause_of(BY_NAME[proposal.section], proposal.fields)
            if not any(_holds(there, clause) for there in draft.of(proposal.section)):
                yield Suggestion(proposal.section, _title(clause), why, clause=clause)


def _files(draft: SpecDraft, tree: WorkTree, found: Iterable[Suggestion]) -> Iterator[Suggestion]:
    """Files that a suggestion comes from and that the model would not be shown."""
    shown = _patterns(draft, "context")
    allow = _patterns(draft, "allow")
    for path in dict.fromkeys(each.why.partition(":")[0] for each in found):
        if _is_source(path) and tree.exists(path) and matches(path, allow) and not matches(path, shown):
            yield Suggestion("paths", f"always show the model {path}", f"{path} may be changed", context=path)


def _is_source(path: str) -> bool:
    return path.endswith(".py") and not path.endswith("__init__.py") and not is_test_file(path)


def _shown_files(draft: SpecDraft, tree: WorkTree) -> tuple[str, ...]:
    """The files that the model is shown; where none are named, those that it may change."""
    patterns = _patterns(draft, "context") or _patterns(draft, "allow")
    return tuple(path for path in tree.files if matches(path, patterns)) if patterns else ()


def _patterns(draft: SpecDraft, name: str) -> list[str]:
    return [pattern for pattern in items_of(draft.text(name)) if not pattern_problem(pattern)]


def _bound(clause: ClauseDraft, section: str, draft: SpecDraft) -> ClauseDraft:
    """A latency under the load that it was proposed with is measured under that load."""
    if section != "latency" or clause.verifiers:
        return clause
    same = (load.id for load in draft.of("load") if load.text("stimulus") == clause.text("stimulus"))
    under = next(same, "")
    return clause.with_text("verified_by", f"load:{under}") if under else clause


def _holds(there: ClauseDraft, clause: ClauseDraft) -> bool:
    """Whether a clause says all that the other says."""
    return all(there.text(name).strip() == text.strip() for name, text in clause.fields.items())


def _title(clause: ClauseDraft) -> str:
    """The first words of the field that tells what the clause is about."""
    told = next((text for name in _TOLD_FIRST if (text := clause.text(name).strip())), "")
    line = visible_line(told or next(iter(clause.fields.values()), ""))
    return line if len(line) <= _TITLE_LENGTH else f"{line[: _TITLE_LENGTH - 1]}…"
