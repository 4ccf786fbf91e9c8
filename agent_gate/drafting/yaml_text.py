"""Draft to YAML and back. Written into what the file held before, so that comments and order survive."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from agent_gate.domain.spec import SCHEMA
from agent_gate.drafting.draft import ClauseDraft, SpecDraft, items_of
from agent_gate.drafting.question import CLAUSE_ID, SECTIONS, Field, Section
from agent_gate.drafting.yaml_place import insert, replace_items, replace_keys, with_comments_above
from agent_gate.errors import SpecError
from agent_gate.spec.reader import parse_spec

TEXTS: Mapping[str, Field] = {field.name: field for section in SECTIONS for field in section.fields}
"""The fields that belong to no clause, by name."""
_WIDTH = 4096
_PATHS = ("allow", "deny")
_NUMBERS = frozenset({"simultaneous"})
_ORDER = (
    "schema", "id", "title", "risk", "goal", "paths", "context", "services",
    *(section.name for section in SECTIONS if section.clause), "not_applicable",
)  # fmt: skip
_UNREADABLE = (YAMLError, ValueError, TypeError, AttributeError, IndexError, KeyError)
"""What ruamel raises for texts that are no YAML; besides its own errors it trips over odd dates and numbers."""


def to_yaml(draft: SpecDraft, before: str = "") -> str:
    """The spec file. A table that is no YAML is written as a text: what was typed is never lost."""
    yaml = _yaml()
    document = yaml.load(before) if before.strip() else None
    if not isinstance(document, CommentedMap):
        document = CommentedMap()
    page = _Page(before.split("\n"))
    document.setdefault("schema", SCHEMA)
    for name in ("id", "title", "risk", "goal"):
        empty = name in {"title", "goal"}
        page.put(document, name, _value(TEXTS[name], draft.text(name)), _ORDER, keep_empty=empty)
    paths = document.get("paths")
    if not isinstance(paths, CommentedMap):
        paths = CommentedMap()
        page.put(document, "paths", paths, _ORDER, keep_empty=True)
    for name in _PATHS:
        page.put(paths, name, _value(TEXTS[name], draft.text(name)), _PATHS)
    if not paths:
        document["paths"] = CommentedMap()  # an emptied one is written with its comments before its braces
    for name in ("context", "services"):
        page.put(document, name, _value(TEXTS[name], draft.text(name)), _ORDER)
    for section in SECTIONS:
        if section.clause:
            page.put(document, section.name, page.clauses(draft, section, document.get(section.name)), _ORDER)
    reasons = {name: text.strip() for name, text in draft.not_applicable.items() if text.strip()}
    page.put(document, "not_applicable", CommentedMap(reasons), _ORDER)
    out = io.StringIO()
    yaml.dump(document, out)
    text = with_comments_above(out.getvalue(), before)
    return text if text or not before else to_yaml(draft)


def from_yaml(text: str, path: str) -> SpecDraft:
    """The draft of a spec file; raises SpecError where it is no YAML mapping."""
    try:
        document = _yaml().load(text)
    except _UNREADABLE as error:
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
            section.name: tuple(clause_of(section, item) for item in document.get(section.name) or ())
            for section in SECTIONS
            if section.clause
        },
        not_applicable={str(k): str(v) for k, v in reasons.items()} if isinstance(reasons, Mapping) else {},
    )


def clause_of(section: Section, item: Mapping[str, Any]) -> ClauseDraft:
    """The draft of one clause, from its fields as they stand in a file."""
    fields = {
        field.name: _text(field, item[field.name])
        for field in section.clause
        if item.get(field.name) is not None
    }
    return ClauseDraft(id=_text(CLAUSE_ID, item.get("id", "")), fields=fields)


def table_problem(field: Field, text: str) -> str:
    """Why the text of a table is no YAML; empty where it is, and for fields of other kinds."""
    if field.kind != "table" or not text.strip():
        return ""
    try:
        _loaded_table(text)
    except _UNREADABLE as error:
        return str(getattr(error, "problem", "") or error).splitlines()[0]
    return ""


def table_of(text: str) -> CommentedMap | None:
    """The table that a text is; None where it is none."""
    try:
        found = _loaded_table(text)
    except _UNREADABLE:
        return None
    return found if isinstance(found, CommentedMap) else None


def _loaded_table(text: str) -> Any:
    """What a table's text holds; anchors and tags, which no spec may use, are errors as in a file."""
    found = _yaml().load(text)
    for event in _yaml().parse(text):
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise ValueError("a spec uses no anchors, aliases or tags")
    return found


def with_entries(text: str, entries: Mapping[str, Any]) -> str:
    """A table's text with entries that it does not have yet; as it was where it is no table."""
    table = table_of(text) if text.strip() else None
    if table is None:
        return text if text.strip() else _text(TEXTS["services"], entries)
    fresh = {name: value for name, value in entries.items() if name not in table}
    if not fresh:
        return text
    for name, value in fresh.items():
        entry = CommentedMap(value) if isinstance(value, Mapping) else value
        if isinstance(entry, CommentedMap):
            entry.fa.set_flow_style()
        table[name] = entry
    out = io.StringIO()
    _yaml().dump(table, out)
    return out.getvalue().strip()


class _Page:
    """Puts values where they belong in a file that was there before; `lines` are that file's."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def put(
        self, mapping: CommentedMap, name: str, value: Any, order: Sequence[str], *, keep_empty: bool = False
    ) -> None:
        """Sets what has changed, and removes what was emptied."""
        before = mapping.get(name)
        if _is_empty(value) and not keep_empty:
            if not _is_empty(before):
                del mapping[name]
        elif name not in mapping:
            insert(mapping, name, value, order, self._lines)
        elif isinstance(before, CommentedSeq) and isinstance(value, CommentedSeq):
            if value is not before:
                replace_items(before, value)
        elif isinstance(before, CommentedMap) and isinstance(value, CommentedMap):
            if value is not before:
                replace_keys(before, value)
        elif before != value and not (isinstance(before, str) and before.strip() == value):
            mapping[name] = value

    def clauses(self, draft: SpecDraft, section: Section, before: Any) -> CommentedSeq | None:
        """The clauses of a section; each written into what stood under its id, or else in its place."""
        drafts = draft.of(section.name)
        if not drafts:
            return None
        items = list(before) if isinstance(before, CommentedSeq) else []
        known = {str(item.get("id")): item for item in items if isinstance(item, CommentedMap)}
        kept = {clause.id for clause in drafts}
        result = before if len(items) == len(drafts) and isinstance(before, CommentedSeq) else CommentedSeq()
        written = []
        for index, clause in enumerate(drafts):
            item = known.pop(clause.id, None)
            if item is None and len(items) == len(drafts) and isinstance(items[index], CommentedMap):
                renamed = items[index] if str(items[index].get("id")) not in kept else None
                item = renamed
            item = CommentedMap() if item is None else item
            self._write_clause(item, section, clause)
            written.append(item)
        result[:] = written
        return result

    def _write_clause(self, item: CommentedMap, section: Section, clause: ClauseDraft) -> None:
        order = ("id", *(field.name for field in section.clause))
        self.put(item, "id", clause.id.strip(), order)
        for field in section.clause:
            self.put(item, field.name, _value(field, clause.text(field.name)), order)


def _yaml() -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.width = _WIDTH
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.allow_duplicate_keys = False
    return yaml


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _is_clauses(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(item, Mapping) for item in value))


def _value(field: Field, text: str) -> Any:
    stripped = text.strip()
    if field.kind == "list":
        sequence = CommentedSeq(DoubleQuotedScalarString(item) for item in items_of(text))
        sequence.fa.set_flow_style()
        return sequence
    if stripped and field.kind == "table":
        table = table_of(stripped)
        return DoubleQuotedScalarString(stripped) if table is None else table
    if field.name in _NUMBERS and stripped.isascii() and stripped.isdigit():
        return int(stripped)
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
        yaml.dump(_without_comments(value), out)
        return out.getvalue().strip()
    return str(value).strip()


def _without_comments(value: Any) -> Any:
    """A field has one line for its table; what stands beside it in the file stays in the file."""
    if isinstance(value, Mapping):
        return {name: _without_comments(item) for name, item in value.items()}
    return [_without_comments(item) for item in value] if isinstance(value, list) else value


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
