"""What is said about a change of dependencies: pure functions from what is known to findings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from agent_gate.domain.gate import Finding, Level
from agent_gate.gating.dependencies.answer import Answer
from agent_gate.gating.dependencies.change import DependencyChange, Place
from agent_gate.gating.dependencies.licence import is_allowed
from agent_gate.gating.dependencies.look_alike import looks_like
from agent_gate.gating.dependencies.requirement import Ecosystem, Requirement, without_password
from agent_gate.gating.dependencies.vulnerability import Audit

_NAMED = 12
"""So many packages are named in one sentence."""


@dataclass(frozen=True)
class Limits:
    """What a new package has to be like."""

    gate: str
    minimum_age_days: int
    fewest_releases: int
    licences: frozenset[str]
    popular: Mapping[Ecosystem, frozenset[str]]


def finding(
    limits: Limits,
    rule: str,
    place: Requirement | Place,
    message: str,
    level: Level = "ask",
    excerpt: str = "",
) -> Finding:
    """A finding about a requirement or a line. `excerpt` tells findings of one rule and file apart."""
    told = place.title if isinstance(place, Requirement) else place.text
    return Finding(
        gate=limits.gate,
        rule=rule,
        path=place.path,
        message=without_password(message),
        line=place.line,
        severity="high" if level == "block" else "medium",
        level=level,
        excerpt=without_password(excerpt or told),
    )


def of_files(limits: Limits, change: DependencyChange) -> Iterator[Finding]:
    """What the files alone tell, before anybody is asked."""
    for place in change.unread:
        yield finding(limits, "unreadable", place, f"{place.path or 'the change'}: {place.text}", "block")
    for place in change.settings:
        yield finding(
            limits,
            "index",
            place,
            f"another place to install from: {place.text}; a name there may hide one here",
        )
    for place in change.computed:
        yield finding(
            limits, "computed", place, f"what is required is computed, and was not looked at: {place.text}"
        )
    for requirement in (*change.added, *change.changed):
        if requirement.source:
            title = requirement.name or "a package"
            yield finding(
                limits, "direct-source", requirement,
                f"{title} comes from {requirement.source}, not from an index that keeps what it has published",
                excerpt=f"{requirement.name} {requirement.source}",
            )  # fmt: skip
    for requirement in change.loose:
        if not requirement.source:
            yield finding(
                limits,
                "unpinned",
                requirement,
                f"{requirement.title}: not pinned, as the rest of this file is",
            )
    for requirement in change.unhashed:
        yield finding(
            limits,
            "no-hash",
            requirement,
            f"{requirement.title}: without a hash, which the rest of this file has",
        )


def of_names(limits: Limits, change: DependencyChange) -> Iterator[Finding]:
    """New names that are easily taken for another one."""
    seen: set[tuple[Ecosystem, str]] = set()
    for requirement in change.added:
        if requirement.name and requirement.key not in seen:
            seen.add(requirement.key)
            declared = {name for ecosystem, name in change.declared if ecosystem == requirement.ecosystem}
            other = looks_like(requirement.name, limits.popular[requirement.ecosystem] | declared)
            if other:
                yield finding(
                    limits, "look-alike", requirement,
                    f"{requirement.name} looks like {other}: is it the one that is meant?", excerpt=requirement.name,
                )  # fmt: skip


def of_origins(limits: Limits, change: DependencyChange, known: Collection[str]) -> Iterator[Finding]:
    """Hosts in lock files that the base has not, pip or npm is not set up for, and their index does not name."""
    for place in change.origins:
        if place.text not in known:
            yield finding(
                limits,
                "index",
                place,
                f"{place.path} takes packages from {place.text}, which is new in this repository",
            )


def of_answer(limits: Limits, answer: Answer, *, is_new: bool) -> Iterator[Finding]:
    """What an index told about one requirement."""
    asked = answer.requirement
    if not answer.exists:
        yield finding(limits, "absent", asked, f"{asked.name}: the index has no such package", "block")
        return
    if not answer.version and (answer.releases or answer.installable):
        yield finding(
            limits, "no-version", asked, f"{asked.title}: no version that was released fits", "block"
        )
    elif not answer.installable and not answer.withdrawn:
        elsewhere = (
            "for this interpreter and machine, it cannot be installed without running code of its own; "
            "its licence was not read"
        )
        level: Level = "note" if asked.marker else "ask"
        yield finding(limits, "no-wheel", asked, f"{asked.title}: {elsewhere}", level)
    if answer.withdrawn:
        yield finding(
            limits,
            "withdrawn",
            asked,
            f"{asked.title} was withdrawn by its authors: {answer.withdrawn}",
        )
    if is_new:
        yield from _of_new(limits, answer)


def _of_new(limits: Limits, answer: Answer) -> Iterator[Finding]:
    asked = answer.requirement
    if answer.old_enough is False:
        yield finding(
            limits,
            "young",
            asked,
            f"{asked.name}: first released less than {limits.minimum_age_days} days ago",
        )
    if 0 < answer.releases < limits.fewest_releases:
        count = "one release" if answer.releases == 1 else f"{answer.releases} releases"
        yield finding(limits, "few-releases", asked, f"{asked.name}: only {count} so far")
    if answer.version and answer.licence is None and answer.installable:
        yield finding(
            limits, "licence", asked, f"{asked.name} {answer.version}: its licence could not be read"
        )
    elif answer.licence == "":
        yield finding(
            limits, "licence", asked, f"{asked.name} {answer.version}: its metadata name no licence"
        )
    elif answer.licence and not is_allowed(answer.licence, limits.licences):
        yield finding(
            limits,
            "licence",
            asked,
            f"{asked.name} {answer.version}: {answer.licence} is not among the allowed licences",
        )


def of_ages(limits: Limits, answers: Iterable[Answer]) -> Iterator[Finding]:
    """One question about all new packages whose age the index does not tell."""
    unknown = [a.requirement for a in answers if a.exists and a.old_enough is None]
    if unknown:
        yield finding(
            limits, "age-unknown", unknown[0],
            f"the index or its client tells no dates: are these older than {limits.minimum_age_days} days? "
            f"{named(unknown)}",
            excerpt=" ".join(sorted(r.name for r in unknown)),
        )  # fmt: skip


def of_audit(
    limits: Limits, found: Audit, asked: Mapping[str, Answer], new: Collection[str]
) -> Iterator[Finding]:
    """Known vulnerabilities, and packages that could not be looked up."""
    for name, vulnerabilities in sorted(found.vulnerable.items()):
        answer = asked[name]
        yield finding(
            limits, "vulnerable", answer.requirement,
            f"{name} {answer.version} has known vulnerabilities: {'; '.join(sorted(set(vulnerabilities))[:_NAMED])}",
            "block",
        )  # fmt: skip
    for level, names in (("block", set(found.skipped) & set(new)), ("ask", set(found.skipped) - set(new))):
        skipped = [asked[name].requirement for name in sorted(names)]
        if skipped:
            yield not_audited(
                limits, skipped, found.skipped[skipped[0].name], "block" if level == "block" else "ask"
            )


def not_audited(limits: Limits, requirements: list[Requirement], why: str, level: Level = "ask") -> Finding:
    """Nobody looked for known vulnerabilities of these."""
    return finding(
        limits, "not-audited", requirements[0],
        f"not looked up for known vulnerabilities ({why[:300]}): {named(requirements)}", level,
        excerpt=" ".join(sorted({r.name for r in requirements})),
    )  # fmt: skip


def named(requirements: list[Requirement]) -> str:
    """Their names, as many as fit into a sentence."""
    names = list(dict.fromkeys(requirement.name for requirement in requirements))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
