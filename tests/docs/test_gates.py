"""docs/gates.md against the code: every key, every parser, and the examples."""

from __future__ import annotations

import re

from gate_examples import EXAMPLES, PAGE

from agent_gate.domain.gate import GateDefinition
from agent_gate.gating.catalog import load_catalog
from agent_gate.gating.parsers import PARSERS
from agent_gate.gating.parsers.report import MAXIMUM_BYTES, MAXIMUM_HITS

TEXT = PAGE.read_text(encoding="utf-8")


def rows(heading: str) -> list[str]:
    """The first cells of the table below a heading."""
    table = TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", table, flags=re.MULTILINE)


def test_every_key_of_a_definition_is_told() -> None:
    keys = {field.alias or name for name, field in GateDefinition.model_fields.items()}
    assert set(rows("Every key")) == keys


def test_every_parser_is_told() -> None:
    assert set(rows("Every parser")) == set(PARSERS)


def test_the_limits_are_what_the_page_says() -> None:
    assert f"more than {MAXIMUM_BYTES // 1024**2} MiB of output" in TEXT
    assert f"more than {MAXIMUM_HITS:,} findings" in TEXT


def test_the_examples_load_beside_the_built_in_gates() -> None:
    assert set(EXAMPLES) == {"eslint", "licences", "node-test", "semgrep", "types-by-lines"}
    project = {f".agent-gate/gates/{gate}.toml": text.encode() for gate, text in EXAMPLES.items()}
    catalog = load_catalog(project)
    assert set(EXAMPLES) <= set(catalog)
