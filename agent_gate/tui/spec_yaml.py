"""Draft to YAML and back. Written into what the file held before, so that comments and order survive."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from agent_gate.domain.spec import SCHEMA
from agent_gate.errors import SpecError
from agent_gate.spec_file import parse_spec
from agent_gate.tui.questions import CLAUSE_ID, SECTIONS, Field, Section
from agent_gate.tui.spec_draft import ClauseDraft, Problem, SpecDraft, items_of

TEXTS: Mapping[str, Field] = {field.name: field for section in SECTIONS for field in section.fields}
"""The fields that belong to no clause, by name."""
_WIDTH = 4096
_PATHS = ("allow", "deny")


def to_yaml(draft: SpecDraft, before: str = "") -> str:
    """The spec file; raises TableError where a table is no YAML."""
    yaml = _yaml()
    document = yaml.load(before) if before.strip() else None
    if not isinstance(document, CommentedMap):
        document = CommentedMap()
    document.setdefault("schema", SCHEMA)
    for name in ("id", "title", "risk", "goal"):
        _put(document, name, _value(TEXTS[name], draft.text(name)), keep_empty=name != "risk")
    paths = document.setdefault("paths", CommentedMap())
    for name in _PATHS:
        _put(paths, name, _value(TEXTS[name], draft.text(name)))
    for name in ("context", "services"):
        _put(
            document,
            name,
            _parsed(TEXTS[name], draft.text(name), Problem(section=section_of(name), field=name, message="")),
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
        **{name: document.get(name) for name in TEXTS},
        **{n: paths.get(n) for n in _PATHS if isinstance(paths, Mapping)},
    }
    reasons = document.get("not_applicable")
    return SpecDraft(
        texts={"risk": "standard", **{n: _text(TEXTS[n], v) for n, v in sources.items() if v is not None}},
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
        sequence = CommentedSeq(DoubleQuotedScalarString(item) for item in items_of(text))
        sequence.fa.set_flow_style()
        return sequence
    stripped = text.strip()
    if field.kind == "text" and "\n" in stripped:
        return LiteralScalarString(f"{stripped}\n")
    return stripped if field.kind == "text" else " ".join(stripped.split("\n"))


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


def section_of(name: str) -> str:
    """The section that a top-level field of the file belongs to."""
    if name == "paths":
        return "paths"
    owner = (
        section.name
        for section in SECTIONS
        if section.name == name or name in {f.name for f in section.fields}
    )
    return next(owner, "goal")
