from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from secret_samples import drawn, github_token, private_key
from values import case, finding, gate

from agent_gate.gating.secrets.redaction import redact_result

TOKEN = github_token()
SECRETS = [TOKEN, private_key(), f'password = "{drawn(20)}"', f"postgres://ana:{drawn(16)}@db.shop.io/x"]


def test_no_text_of_a_result_keeps_a_secret() -> None:
    result = gate(
        "bandit",
        "failed",
        reason=f"found {TOKEN}",
        hint=f"see {TOKEN}",
        findings=[finding(message=f"Possible hardcoded password: '{TOKEN}'", excerpt=f"key = '{TOKEN}'", path=f"a/{TOKEN}")],
        cases=[case(message=f"assert '{TOKEN}' == ''", outcome="failed")],
    )  # fmt: skip
    redacted = redact_result(result)
    assert TOKEN in result.canonical().decode()
    assert TOKEN not in redacted.canonical().decode()
    assert redacted.canonical().decode().count("ghp_…(40 characters, sha256:") == 6


def test_what_holds_none_stays_as_it_is() -> None:
    result = gate("ruff", "failed", findings=[finding()], cases=[case()])
    assert redact_result(result) == result


@given(st.lists(st.sampled_from([*SECRETS, "x = 1", "\n", "…"]), max_size=4))
def test_redacting_twice_changes_nothing(pieces: list[str]) -> None:
    once = redact_result(gate("ruff", "failed", findings=[finding(excerpt=" ".join(pieces))]))
    assert redact_result(once) == once


def test_two_findings_about_two_secrets_stay_two() -> None:
    found = [finding(excerpt=f"key = '{github_token(seed)}'") for seed in (1, 2)]
    redacted = redact_result(gate("bandit", "failed", findings=found))
    assert len({f.fingerprint for f in redacted.findings}) == 2
