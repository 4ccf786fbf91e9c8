"""A spec while it is being written: every field is text, nothing has to be right yet.

`to_yaml` writes it into what the file held before, so that comments and the order of fields survive;
`check` reads the result as `agent-gate spec check` would, and gives its problems their fields.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from agent_gate.domain.spec import SCHEMA, VERIFIERS_WITH_OPTIONAL_TARGET, VERIFIERS_WITH_TARGET, Spec
from agent_gate.domain.value import Value
from agent_gate.errors import SpecError
from agent_gate.spec_file import parse_spec
from agent_gate.tui.questions import BY_NAME, CLAUSE_ID, SECTIONS, Field, Section

_WIDTH = 4096
_PLACE = re.compile(r"^(\w+)(?:\[(\d+)\])?(?:\.(\w+))?")
_PATHS = ("allow", "deny")
_TEXTS: Mapping[str, Field] = {field.name: field for section in SECTIONS for field in section.fields}


class ClauseDraft(Value):
    """One clause: its id and its fields, as they were typed."""

    id: str
    fields: Mapping[str, str] = {}

    def text(self, name: str) -> str:
        """What stands in a field; empty when nothing does."""
        return self.id if name == "id" else self.fields.get(name, "")

    def with_text(self, name: str, text: str) -> ClauseDraft:
        """The same with another text in one field."""
        if name == "id":
            return self.model_copy(update={"id": text})
        return self.model_copy(update={"fields": {**self.fields, name: text}})

    @property
    def verifiers(self) -> tuple[str, ...]:
        """The kinds of verifier that it names."""
        return tuple(line.partition(":")[0].strip() for line in _items(self.text("verified_by")))


class SpecDraft(Value):
    """The whole form."""

    texts: Mapping[str, str] = {"risk": "standard"}
    """The fields of the sections themselves, by name: title, goal, allow, …"""
    clauses: Mapping[str, tuple[ClauseDraft, ...]] = {}
    """By section."""
    not_applicable: Mapping[str, str] = {}

    def text(self, name: str) -> str:
        """What stands in a field of a section."""
        return self.texts.get(name, "")

    def with_text(self, name: str, text: str) -> SpecDraft:
        """The same with another text in one field of a section."""
        return self.model_copy(update={"texts": {**self.texts, name: text}})

    def with_reason(self, section: str, text: str) -> SpecDraft:
        """The same with a reason why a section does not apply; an empty one takes it back."""
        reasons = {name: reason for name, reason in self.not_applicable.items() if name != section}
        return self.model_copy(update={"not_applicable": {**reasons, section: text} if text else reasons})

    def of(self, section: str) -> tuple[ClauseDraft, ...]:
        """The clauses of a section."""
        return self.clauses.get(section, ())

    def with_clause(self, section: str, index: int, clause: ClauseDraft) -> SpecDraft:
        """The same with one clause replaced."""
        changed = list(self.of(section))
        changed[index] = clause
        return self._with_section(section, tuple(changed))

    def with_new_clause(self, section: str) -> SpecDraft:
        """The same with an empty clause at a section's end, under the next free id."""
        taken = {clause.id for clauses in self.clauses.values() for clause in clauses}
        prefix = BY_NAME[section].prefix
        number = next(n for n in range(1, len(taken) + 2) if f"{prefix}-{n}" not in taken)
        return self._with_section(section, (*self.of(section), ClauseDraft(id=f"{prefix}-{number}")))

    def without_clause(self, section: str, index: int) -> SpecDraft:
        """The same without one clause."""
        kept = self.of(section)
        return self._with_section(section, kept[:index] + kept[index + 1 :])

    def is_begun(self, section: Section) -> bool:
        """Whether anything was written there."""
        own = any(self.text(field.name).strip() for field in section.fields if field.name != "risk")
        return own or bool(self.of(section.name)) or bool(self.not_applicable.get(section.name, "").strip())

    @property
    def rests_on(self) -> tuple[int, int, int]:
        """How many clauses a machine verifies, how many rest on a person's word, and how many there are."""
        clauses = [clause for section in self.clauses.values() for clause in section]
        machine = sum(any(kind in _MACHINE for kind in clause.verifiers) for clause in clauses)
        person = sum("manual" in clause.verifiers for clause in clauses)
        return machine, person, len(clauses)

    def _with_section(self, section: str, clauses: tuple[ClauseDraft, ...]) -> SpecDraft:
        return self.model_copy(update={"clauses": {**self.clauses, section: clauses}})


_MACHINE = (VERIFIERS_WITH_TARGET | VERIFIERS_WITH_OPTIONAL_TARGET) - {"manual"}


class Problem(Value):
    """What is wrong with one field of the form: the words are those of `agent-gate spec check`."""

    section: str
    clause: int = -1
    """The clause's place in its section; -1 for the section's own fields."""
    field: str = ""
    message: str
    hint: str = ""


def check(draft: SpecDraft, path: str, before: str = "") -> tuple[Spec | None, tuple[Problem, ...]]:
    """The spec that the draft is, or what is wrong with it: the first problem of each section.

    The file is read as the command line reads it, which tells one problem at a time; so a section that
    has one is taken to be mended, and the file is read again.
    """
    problems: list[Problem] = []
    probe = draft
    while True:
        spec, problem = _first_problem(probe, path, before)
        if problem is None or problem.section in {known.section for known in problems}:
            return (None if problems else spec), tuple(problems)
        problems.append(problem)
        probe = _mended(probe, BY_NAME[problem.section])


def _first_problem(draft: SpecDraft, path: str, before: str) -> tuple[Spec | None, Problem | None]:
    try:
        return parse_spec(to_yaml(draft, before).encode(), path), None
    except TableError as error:
        return None, error.problem
    except SpecError as error:
        return None, _problem(error)


def _mended(draft: SpecDraft, section: Section) -> SpecDraft:
    """The same, with the examples in the place of one section."""
    for field in section.fields:
        draft = draft.with_text(
            field.name, field.example or (draft.text(field.name) if field.name != "risk" else "standard")
        )
    if not section.clause:
        return draft
    example = ClauseDraft(
        id=f"{section.prefix}-EXAMPLE", fields={f.name: f.example for f in section.clause if not f.rare}
    )
    return draft.with_reason(section.name, "")._with_section(section.name, (example,))  # noqa: SLF001 - our own


def to_yaml(draft: SpecDraft, before: str = "") -> str:
    """The spec file; raises TableError where a table is no YAML."""
    yaml = _yaml()
    document = yaml.load(before) if before.strip() else None
    if not isinstance(document, CommentedMap):
        document = CommentedMap()
    document.setdefault("schema", SCHEMA)
    for name in ("id", "title", "risk", "goal"):
        _put(document, name, _value(_TEXTS[name], draft.text(name)), keep_empty=name != "risk")
    paths = document.setdefault("paths", CommentedMap())
    for name in _PATHS:
        _put(paths, name, _value(_TEXTS[name], draft.text(name)))
    for name in ("context", "services"):
        _put(
            document,
            name,
            _parsed(
                _TEXTS[name], draft.text(name), Problem(section=_section_of(name), field=name, message="")
            ),
        )
    for section in SECTIONS:
        if section.clause:
            _put(document, section.name, _clauses(draft, section, document.get(section.name)))
    reasons = {name: text.strip() for name, text in draft.not_applicable.items() if text.strip()}
    _put(document, "not_applicable", CommentedMap(reasons) if reasons else None)
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def from_yaml(text: str, path: str) -> SpecDraft:
    """The draft of a spec file; raises SpecError where it is no YAML mapping."""
    try:
        document = _yaml().load(text)
    except YAMLError as error:
        parse_spec(text.encode(), path)  # says where, in the words of the command line
        raise SpecError(str(error), path=path) from None
    if not isinstance(document, Mapping) or not all(
        _is_clauses(document.get(s.name)) for s in SECTIONS if s.clause
    ):
        parse_spec(text.encode(), path)
        raise SpecError("each section is a list of clauses", path=path, line=1)
    paths = document.get("paths")
    sources = {
        **{name: document.get(name) for name in _TEXTS},
        **{n: paths.get(n) for n in _PATHS if isinstance(paths, Mapping)},
    }
    reasons = document.get("not_applicable")
    return SpecDraft(
        texts={"risk": "standard", **{n: _text(_TEXTS[n], v) for n, v in sources.items() if v is not None}},
        clauses={
            section.name: tuple(_clause(section, item) for item in document.get(section.name) or ())
            for section in SECTIONS
            if section.clause
        },
        not_applicable={str(k): str(v) for k, v in reasons.items()} if isinstance(reasons, Mapping) else {},
    )


class TableError(Exception):
    """A table or number in the form that is no YAML."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _yaml() -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.width = _WIDTH
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.allow_duplicate_keys = False
    return yaml


def _clauses(draft: SpecDraft, section: Section, before: Any) -> CommentedSeq | None:
    drafts = draft.of(section.name)
    if not drafts:
        return None
    known = {str(item.get("id")): item for item in before or () if isinstance(item, CommentedMap)}
    result = CommentedSeq()
    for index, clause in enumerate(drafts):
        item = known.pop(clause.id, None)
        item = CommentedMap() if item is None else item
        item["id"] = clause.id.strip()
        for field in section.clause:
            place = Problem(section=section.name, clause=index, field=field.name, message="")
            _put(item, field.name, _parsed(field, clause.text(field.name), place))
        result.append(item)
    return result


def _clause(section: Section, item: Mapping[str, Any]) -> ClauseDraft:
    fields = {
        field.name: _text(field, item[field.name])
        for field in section.clause
        if item.get(field.name) is not None
    }
    return ClauseDraft(id=_text(CLAUSE_ID, item.get("id", "")), fields=fields)


def _is_clauses(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(item, Mapping) for item in value))


def _put(mapping: CommentedMap, name: str, value: Any, *, keep_empty: bool = False) -> None:
    """Sets what has changed, and removes what was emptied."""
    before = mapping.get(name)
    if not value and not keep_empty:
        if before:
            del mapping[name]
    elif before != value and not (isinstance(before, str) and before.strip() == value):
        mapping[name] = value


def _parsed(field: Field, text: str, place: Problem) -> Any:
    if not text.strip() or (field.kind != "table" and field.name != "simultaneous"):
        return _value(field, text)
    try:
        return _yaml().load(text)
    except YAMLError as error:
        first = str(getattr(error, "problem", "") or error).splitlines()[0]
        raise TableError(
            place.model_copy(
                update={"message": f"not valid YAML: {first}", "hint": f"for instance {field.example}"}
            )
        ) from None


def _value(field: Field, text: str) -> Any:
    if field.kind == "list":
        sequence = CommentedSeq(DoubleQuotedScalarString(item) for item in _items(text))
        sequence.fa.set_flow_style()
        return sequence
    stripped = text.strip()
    if field.kind == "text" and "\n" in stripped:
        return LiteralScalarString(f"{stripped}\n")
    return stripped if field.kind == "text" else " ".join(stripped.split("\n"))


def _items(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _text(field: Field, value: Any) -> str:
    if field.kind == "list":
        return "\n".join(str(item) for item in value) if isinstance(value, list) else str(value)
    if field.kind == "table" and isinstance(value, Mapping):
        out = io.StringIO()
        yaml = _yaml()
        yaml.default_flow_style = True
        yaml.dump(value, out)
        return out.getvalue().strip()
    return str(value).strip()


def _section_of(name: str) -> str:
    if name == "paths":
        return "paths"
    owner = (
        section.name
        for section in SECTIONS
        if section.name == name or name in {f.name for f in section.fields}
    )
    return next(owner, "goal")


def _problem(error: SpecError) -> Problem:
    """Finds the field that the error names: `failure_modes[0].verified_by`, `paths.allow`, `latency`."""
    message = error.message.split(f"{error.field}: ", 1)[-1] if error.field else error.message
    found = _PLACE.match(error.field)
    top, index, leaf = found.groups() if found else ("", None, None)
    if top == "not_applicable" and leaf:
        return Problem(section=leaf, field="not_applicable", message=message, hint=error.hint)
    field = (leaf or "") if index or top == "paths" else (top if top in _TEXTS else "")
    told = message if field or not error.field or top in BY_NAME else f"{error.field}: {message}"
    return Problem(
        section=_section_of(top),
        clause=int(index) if index else -1,
        field=field,
        message=told,
        hint=error.hint,
    )
