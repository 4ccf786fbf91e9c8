"""The grammar and the model take the same files: neither lets through what the other refuses."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from pydantic import ValidationError
from spec_strategies import as_yaml, changed_specs, specs

from agent_gate.domain.spec import Spec
from agent_gate.errors import SpecError
from agent_gate.spec.document import Document
from agent_gate.spec.grammar import format_problems
from agent_gate.spec.lint import Review, review_spec
from agent_gate.spec.remark import Where
from agent_gate.spec.surroundings import Surroundings

ROOT = Path(__file__).parents[2]
CORPORA = sorted(
    path
    for folder in ("tests/adversarial/specs", "tests/golden", "examples", "agent_gate/demo")
    for path in (ROOT / folder).glob("*.yaml")
)


NOWHERE = Surroundings(None)


def both_agree(document: Document) -> bool:
    """Whether it is a spec; fails where only one of the two says so."""
    problems = format_problems(document)
    try:
        Spec.model_validate(document.value)
        refused = ""
    except ValidationError as error:
        refused = str(error)
    assert bool(problems) == bool(refused), refused or problems
    return not problems


def reviewed(data: dict[str, Any]) -> Review:
    """What the lint says, which raises for nothing that may stand in a file."""
    return review_spec(as_yaml(data), "s.yaml", NOWHERE)


def document_of(data: dict[str, Any]) -> Document:
    """The data as its file would give it."""
    try:
        return Document.read(as_yaml(data), "s.yaml")
    except SpecError:
        assume(False)
        raise


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(specs())
def test_what_the_schema_describes_is_judged_alike(data: dict[str, Any]) -> None:
    both_agree(document_of(data))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(changed_specs())
def test_what_was_changed_somewhere_is_judged_alike(data: dict[str, Any]) -> None:
    is_spec = both_agree(document_of(data))
    assert (reviewed(data).errors == ()) == is_spec


WHOLE = Document.read((ROOT / "tests/golden/contract_spec.yaml").read_bytes(), "s.yaml").value
KINDS: tuple[Any, ...] = (None, True, 0, 5.0, "", "x", [], [None], ["load"], {}, {"a": 1})


def places(node: Any, where: Where = ()) -> Iterator[Where]:
    """The ways to all values below it."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, item in inner:
        yield (*where, key)
        yield from places(item, (*where, key))


@pytest.mark.parametrize("risk", ["standard", "critical"])
@pytest.mark.parametrize("section", list(WHOLE))
def test_any_kind_of_value_at_any_place_is_judged_alike(risk: str, section: str) -> None:
    for where in [(section,), *places(WHOLE[section], (section,))]:
        for kind in KINDS:
            data = copy.deepcopy({**WHOLE, "risk": risk})
            holder: Any = data
            for key in where[:-1]:
                holder = holder[key]
            holder[where[-1]] = kind
            is_spec = both_agree(document_of(data))
            assert (reviewed(data).errors == ()) == is_spec, where


@pytest.mark.parametrize("path", CORPORA, ids=[path.name for path in CORPORA])
def test_every_file_that_we_have_is_judged_alike(path: Path) -> None:
    try:
        document = Document.read(path.read_bytes(), path.name)
    except SpecError:
        return  # neither sees it
    assert both_agree(document) == (path.parent.name != "specs")
