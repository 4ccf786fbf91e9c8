"""From a spec file to the spec, or to everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agent_gate.errors import SpecError
from agent_gate.spec.document import MAX_BYTES, Document
from agent_gate.spec.grammar import ABSENT, format_problems
from agent_gate.spec.remark import Remark

if TYPE_CHECKING:
    from agent_gate.domain.spec import Spec


def read_bytes(path: Path) -> bytes:
    """The file's bytes, one more than a spec may have at most; raises SpecError."""
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        hint = "name an existing spec file"
        raise SpecError(problem, path=str(path), hint=hint, code="YA01") from None


def read_spec(path: Path) -> Spec:
    """The spec in the file; raises SpecError with file, line and field."""
    return parse_spec(read_bytes(path), str(path))


def parse_spec(data: bytes, path: str) -> Spec:
    """The spec in these bytes; `path` is for messages. Raises SpecError with the first problem."""
    from agent_gate.domain.spec import Spec  # who only checks a file does not pay for the model

    document = Document.read(data, path)
    if problems := format_problems(document):
        # What is missing may only be misspelt: a line that stands there is the one to look at.
        first = min(problems, key=lambda remark: remark.code in ABSENT)
        raise as_error(first, path, others=len(problems) - 1)
    return Spec.model_validate(document.value)


def as_error(remark: Remark, path: str, others: int = 0) -> SpecError:
    """The error that ends a command; the hint says how to see the `others`."""
    more = f"; {others} more: agent-gate spec check {path}" if others else ""
    return SpecError(
        remark.message,
        path=path,
        line=remark.place.line,
        column=remark.place.column,
        field=remark.field,
        code=remark.code,
        hint=f"{remark.hint}{more}".lstrip("; "),
    )
