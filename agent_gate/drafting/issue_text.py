"""A draft made of an issue's text. Nothing is invented: what is taken stands there in the issue's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from agent_gate.domain.pattern import pattern_problem
from agent_gate.drafting.draft import ClauseDraft, SpecDraft
from agent_gate.drafting.issue_markdown import Part, read_issue
from agent_gate.drafting.issue_measure import error_budget, load_of, wait_of
from agent_gate.drafting.preset import id_from
from agent_gate.drafting.question import BY_NAME

_MOST_CLAUSES = 40
_MOST_FILES = 10
_GOAL_LENGTH = 2000
_LONGEST_SENTENCE = 300
_FIRST_PARTS = 3
_SEMICOLON = re.compile(r";\s+")
_QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"|“[^”]*”")
_PASSED_OVER = re.compile(
    r"actual|current|steps|reproduc|environment|desktop|smartphone|browser|platform|checklist|version|logs?\b|traceback|stack ?trace|screenshot|system|additional|context|alternatives",
    re.IGNORECASE,
)
"""Headings under which stands what is now, not what shall be."""
_WANTED = re.compile(
    r"acceptance|criteria|expected|requirements?|definition of done|must|should|behaviou?r", re.IGNORECASE
)
_GOAL = re.compile(
    r"^$|description|summary|problem|motivation|goal|feature|proposal|what|why|user story|bug", re.IGNORECASE
)
_ALSO_IN_GOAL = re.compile(r"actual|current|steps|reproduc|expected", re.IGNORECASE)
_BROKEN = (
    r"(?:down|unavailable|unreachable|offline|fails?|failed|failing|crash(?:es|ed)?|times? out|timed out|timeouts?|unresponsive"
    r"|(?:not|n't|never|stops?) (?:answer|respond|reply)(?:s|ing)?|killed|dies|restart(?:s|ed)?|disconnect(?:s|ed)?|outages?"
    r"|out of (?:memory|disk|space)|disk (?:is |gets |runs )?full|network (?:errors?|failures?|partitions?)|loses? (?:the |its )?connection)"
)
_WHEN = r"(?:when(?:ever)?|if|while|during|in case|once)"
_FIRST = re.compile(
    rf"^{_WHEN}\s+(?P<cause>[^,;]*?\b{_BROKEN}\b[^,;]*),\s*(?:then\s+)?(?P<response>.+)$", re.IGNORECASE
)
_LAST = re.compile(
    rf"^(?P<response>.+?),?\s+{_WHEN}\s+(?P<cause>[^,;]*?\b{_BROKEN}\b[^,;?!]*)$", re.IGNORECASE
)
_THREAT = re.compile(
    r"\b(?:attackers?|malicious|unauthori[sz]ed|unauthenticated|injections?|inject(?:ed)?|xss|csrf|ssrf|spoof(?:ed|ing)?|tamper(?:ed|ing)?"
    r"|leak(?:s|ed|ing)?|brute[- ]force|privilege escalation|eavesdrop\w*|replay attacks?|path traversal|CVE-\d{4}-\d+|CWE-\d+)\b",
    re.IGNORECASE,
)
_CWE = re.compile(r"\bCWE-\d{1,5}\b")
_FILE = re.compile(r"(?<![\w/.:-])(?:[\w-]+/)+[\w-]+\.(?:py|toml|yaml|yml|json|html|sql|cfg|md)\b")


def draft_from_issue(text: str) -> SpecDraft:
    """The draft that an issue's text gives: title, id, goal, files that it names, and candidate clauses.

    No clause has a verifier yet, and most lack something: the form asks for it. Never raises.
    """
    issue = read_issue(text)
    goal = _goal(issue.title, issue.parts)
    files = [path for path in dict.fromkeys(_FILE.findall(text)) if not pattern_problem(path)]
    texts = {
        "title": issue.title,
        "id": id_from(issue.title),
        "goal": goal,
        "risk": "standard",
        "context": "\n".join(files[:_MOST_FILES]),
    }
    draft = SpecDraft(texts={name: told for name, told in texts.items() if told})
    wanted = [part for part in _pieces(issue.parts) if not _PASSED_OVER.search(part.heading)]
    for part in wanted:
        for section, fields in _candidates(part):
            draft = _with_clause(draft, section, fields)
    if not draft.of("acceptance"):
        for part in wanted:
            if part.is_item and not _candidates(part):
                draft = _with_clause(draft, "acceptance", {"statement": _end(part.text)})
    return draft


def _pieces(parts: tuple[Part, ...]) -> Iterator[Part]:
    """The parts, each once; an item that lists several things with semicolons is several."""
    seen: set[str] = set()
    for part in parts:
        for piece in _SEMICOLON.split(part.text) if part.is_item else [part.text]:
            told = piece.strip()
            if told and told not in seen:
                seen.add(told)
                yield part._replace(text=told)


def _goal(title: str, parts: tuple[Part, ...]) -> str:
    """What the issue says before and beside its lists; where it says nothing, its title."""
    kept: list[str] = []
    heading = ""
    for part in parts:
        told_elsewhere = part.is_task or (part.is_item and _WANTED.search(part.heading))
        if told_elsewhere or not (_GOAL.search(part.heading) or _ALSO_IN_GOAL.search(part.heading)):
            continue
        if part.heading != heading and _ALSO_IN_GOAL.search(part.heading):
            kept.append(f"{part.heading}:")
        heading = part.heading
        kept.append(f"- {part.text}" if part.is_item else part.text)
        if sum(map(len, kept)) > _GOAL_LENGTH:
            kept.pop()
            break
    if not kept:
        kept = [part.text for part in parts if not part.is_task][:_FIRST_PARTS]
    return "\n".join(kept)[: 2 * _GOAL_LENGTH] or title


def _candidates(part: Part) -> list[tuple[str, dict[str, str]]]:
    """The sections that a part speaks to, each with the fields that it fills; mostly one, or none.

    What stands in quotes or between backticks is spoken of, not asked for.
    """
    told = part.text
    bare = _QUOTED.sub(lambda found: "·" * len(found.group()), told)
    if (found := _FIRST.match(bare) or _LAST.match(bare)) and len(told) <= _LONGEST_SENTENCE:
        cause, response = (told[slice(*found.span(name))] for name in ("cause", "response"))
        return [("failure_modes", {"cause": _end(cause), "response": _end(response)})]
    if _THREAT.search(bare):
        return [("security", {"threat": _end(told), "cwe": "\n".join(dict.fromkeys(_CWE.findall(bare)))})]
    load, wait = load_of(bare), wait_of(bare)
    found_here: list[tuple[str, dict[str, str]]] = []
    if load:
        found_here.append(("load", {"stimulus": _end(told), **load, "expect": error_budget(bare)}))
    if wait or (wait is not None and not load):
        found_here.append(("latency", {"stimulus": _end(told), "expect": wait}))
    if not found_here and (part.is_task or _WANTED.search(part.heading)):
        found_here.append(("acceptance", {"statement": _end(told)}))
    return found_here


def _with_clause(draft: SpecDraft, section: str, fields: Mapping[str, str]) -> SpecDraft:
    if len(draft.of(section)) >= _MOST_CLAUSES:
        return draft
    known = {field.name for field in BY_NAME[section].clause}
    draft = draft.with_new_clause(section)
    at = len(draft.of(section)) - 1
    filled = {name: text for name, text in fields.items() if text and name in known}
    return draft.with_clause(section, at, ClauseDraft(id=draft.of(section)[at].id, fields=filled))


def _end(text: str) -> str:
    return text.strip().rstrip(".").rstrip()
