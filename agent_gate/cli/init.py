"""`init`: policy, schema and a first spec; never overwrites."""

from __future__ import annotations

import json
from pathlib import Path

import click

from agent_gate.cli.options import repo_option
from agent_gate.cli.output import dim, marked, say, tell
from agent_gate.domain.spec_schema import spec_schema
from agent_gate.vcs.repo import Repository

_POLICY = """\
# What this repository demands of a change that a model helped with. Read from the base commit only.
# Every key has a default; the ones that are asked for most often stand here.

[model]
# default = "provider/model"      # any LiteLLM name; or name one with --model
attempts = 3
budget_usd = 1.00

[gates.bandit]
block_at = "medium"

[approval]
required = 1
"""

_SPEC = """\
# yaml-language-server: $schema=../.agent-gate/spec.schema.json
schema: agent-gate/spec/v1
id: first-change
title: Say in one line what the change does
risk: standard
goal: |
  What shall be true afterwards that is not true now, and for whom.
paths:
  allow: ["**/*.py"]
acceptance:
  - id: ACC-1
    statement: what a user can see that they could not see before
    verified_by: ["manual: replace this by pytest:tests/test_x.py::test_y"]
failure_modes:
  - id: FAIL-1
    cause: what breaks
    response: what the program does about it, and how soon
    verified_by: ["manual: replace this by the test that shows it"]
security:
  - id: SEC-1
    threat: who could do what with this
    response: what stops them
    verified_by: ["manual: replace this by a test, or by bandit:B608 and the like"]
not_applicable:
  load: "say why nobody puts load on this, or add a load clause"
  latency: "say why nobody waits for this, or add a latency clause"
"""


@click.command()
@repo_option
def init(*, directory: Path) -> None:
    """Put agent-gate.toml, the spec schema and a first spec into this repository. Never overwrites."""
    root = Repository.open(directory).root
    contents = {
        "agent-gate.toml": _POLICY,
        ".agent-gate/spec.schema.json": json.dumps(spec_schema(), indent=2) + "\n",
        "specs/first-change.yaml": _SPEC,
    }
    for name, content in contents.items():
        target = root / name
        if target.exists():
            say(dim(f"– {name} is there already"))
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
        say(marked("passed", name))
    tell(
        "next: edit specs/first-change.yaml, commit, then: agent-gate run specs/first-change.yaml --model NAME"
    )
