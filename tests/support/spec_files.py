"""The smallest spec files that are right, for tests that make them wrong."""

from __future__ import annotations

GOOD = """\
schema: agent-gate/spec/v1
id: a-change
title: A change
goal: Do it.
risk: trivial
paths:
  allow: [shop]
"""
CLAUSE = f"""{GOOD}load:
  - id: LOAD-1
    stimulus: fifty orders a second
    verified_by: [load]
    expect: ["error_rate <= 0.1 %"]
"""
"""The clause begins in line 9."""
