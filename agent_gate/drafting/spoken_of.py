"""Whether a draft speaks already of what the repository proposes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from agent_gate.drafting.draft import ClauseDraft, SpecDraft, items_of
from agent_gate.drafting.yaml_text import table_of
from agent_gate.survey.dependency import dependencies_of, speaks_of
from agent_gate.survey.proposal import Proposal
from agent_gate.survey.work_tree import WorkTree

_ROUTE = re.compile(r"\b(?P<method>[A-Z]+) (?P<path>/\S*)")


def is_spoken_of(proposal: Proposal, draft: SpecDraft, tree: WorkTree) -> bool:
    """Only clauses of the same kind count: a goal that names the database says nothing of its failures."""
    match proposal.section:
        case "services":
            known: Mapping[str, object] = table_of(draft.text("services")) or {}
            return all(name in known for name in proposal.fields)
        case "failure_modes":
            words = _words(proposal, tree)
            return any(speaks_of(_prose(clause), words) for clause in draft.of("failure_modes"))
        case "load":
            return bool(_loads_of(proposal, draft))
        case "latency":
            return any(_is_about(clause, proposal, draft) for clause in draft.of("latency"))
        case "security":
            weaknesses = {line for clause in draft.of("security") for line in items_of(clause.text("cwe"))}
            return bool(weaknesses & set(_listed(proposal.fields.get("cwe"))))
        case _:
            named = {
                line
                for clauses in draft.clauses.values()
                for c in clauses
                for line in items_of(c.text("verified_by"))
            }
            return bool(named & set(_listed(proposal.fields.get("verified_by"))))


def _words(proposal: Proposal, tree: WorkTree) -> list[str]:
    """The words that would speak of the dependency that the proposal is about."""
    found = dependencies_of(tree, [proposal.path])
    return [word for each in found if each.line == proposal.line for word in each.words]


def _prose(clause: ClauseDraft) -> str:
    return "\n".join(text for name, text in clause.fields.items() if name != "verified_by")


def _loads_of(proposal: Proposal, draft: SpecDraft) -> list[str]:
    """The load clauses that send the proposal's request."""
    return [clause.id for clause in draft.of("load") if _names_route(clause, proposal)]


def _is_about(clause: ClauseDraft, proposal: Proposal, draft: SpecDraft) -> bool:
    """Whether a latency is that of the proposal's request: it names it, or is measured under its load."""
    under = {f"load:{load}" for load in _loads_of(proposal, draft)}
    return _names_route(clause, proposal) or bool(under & set(items_of(clause.text("verified_by"))))


def _names_route(clause: ClauseDraft, proposal: Proposal) -> bool:
    route = _ROUTE.search(str(proposal.fields.get("stimulus", "")))
    if route is None:
        return False
    request: Mapping[str, object] = table_of(clause.text("request")) or {}
    sent = (request.get("method", "GET"), request.get("path")) == (route["method"], route["path"])
    return sent or bool(re.search(rf"\b{re.escape(route.group())}(?![\w/{{-])", clause.text("stimulus")))


def _listed(value: object) -> Iterable[str]:
    return map(str, value) if isinstance(value, list | tuple) else ()
