"""`init`: policy, schema and a first spec; never overwrites."""

from __future__ import annotations

import json
from pathlib import Path

import click

from agent_gate.cli.options import repo_option
from agent_gate.cli.output import dim, marked, say, tell
from agent_gate.domain.spec_schema import spec_schema
from agent_gate.drafting.preset import FIRST_CHANGE, fill, preset
from agent_gate.drafting.suggestion import examples
from agent_gate.drafting.yaml_text import to_yaml
from agent_gate.survey.work_tree import WorkTree
from agent_gate.vcs.repo import Repository

_POLICY = """\
# What this repository demands of a change that a model helped with. Read from the base commit only.
# Every key has a default; the ones that are asked for most often stand here.

[model]
# default = "provider/model"      # any LiteLLM name; or name one with --model
attempts = 3
budget_usd = 1.00

[gates]
# advisory = ["dependencies", "coverage", "types", "mutation"]  # run too, and only ask

[gates.bandit]
block_at = "medium"

[environment]
# install = "uv sync --frozen"      # what the tests need, from the lock file; else .venv is used

[approval]
required = 1
"""

_SPEC = "specs/first-change.yaml"
_FOR_EDITORS = "# yaml-language-server: $schema=../.agent-gate/spec.schema.json\n"


@click.command()
@repo_option
def init(*, directory: Path) -> None:
    """Put agent-gate.toml, the spec schema and a first spec into this repository. Never overwrites."""
    root = Repository.open(directory).root
    contents = {
        "agent-gate.toml": _POLICY,
        ".agent-gate/spec.schema.json": json.dumps(spec_schema(), indent=2) + "\n",
        _SPEC: _first_spec(root),
    }
    for name, content in contents.items():
        target = root / name
        if target.exists():
            say(dim(f"– {name} is there already"))
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
        say(marked("passed", name))
    tell(f"next: fill in {_SPEC}, commit, then: agent-gate run {_SPEC} --model NAME")


def _first_spec(root: Path) -> str:
    """A spec of any change, about the files that lie in this repository."""
    allow = examples((), WorkTree(root)).get(("paths", "allow"), "")
    touched = f"{allow}\ntests/**" if allow.endswith("/**") else "**/*.py"
    draft = fill(preset(FIRST_CHANGE), "<files that it may touch>", touched)
    return _FOR_EDITORS + to_yaml(draft.with_text("id", FIRST_CHANGE))
