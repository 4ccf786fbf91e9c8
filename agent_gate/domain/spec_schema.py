"""The JSON Schema of the spec file, as an editor with a YAML language server reads it."""

from __future__ import annotations

from typing import Any

from agent_gate.domain.spec import Spec

_VERIFIER_DESCRIPTION = (
    "What shows that the clause holds: pytest:NODEID, ruff:RULE, bandit:TEST, gate:ID, load, load:CLAUSE, "
    "fault, benchmark:NODEID, schemathesis:PATH, locust:FILE, semgrep:RULE, or 'manual: what the reviewer must see'"
)


def spec_schema() -> dict[str, Any]:
    """JSON Schema 2020-12. Verifiers are texts in the file, whatever they become afterwards."""
    schema = Spec.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["$defs"]["Verifier"] = {"type": "string", "description": _VERIFIER_DESCRIPTION}
    return schema
