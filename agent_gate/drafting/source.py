"""A draft from a file: a spec that is there, or the text of an issue."""

from __future__ import annotations

from pathlib import Path

from agent_gate.drafting.draft import SpecDraft
from agent_gate.drafting.issue_text import draft_from_issue
from agent_gate.drafting.yaml_text import from_yaml
from agent_gate.errors import SpecError
from agent_gate.spec.reader import read_bytes


def draft_from_file(source: Path) -> SpecDraft:
    """The draft that a file begins; whether it is a spec or an issue tells its name.

    The copy of a spec gets an id of its own. Raises SpecError where the file cannot be read.
    """
    try:
        text = read_bytes(source).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SpecError("not UTF-8", path=str(source), hint="save the file as UTF-8") from None
    if source.suffix.lower() in {".yaml", ".yml"}:
        return from_yaml(text, str(source)).with_text("id", "")
    return draft_from_issue(text)
