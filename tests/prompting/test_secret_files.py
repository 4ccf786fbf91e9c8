from __future__ import annotations

import time

import pytest

from agent_gate.prompting.secret_files import holds_secret, is_secret_file, redacted


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "deploy/.env.production",
        "PROD.ENV",
        "certs/server.pem",
        "home/.ssh/config",
        "id_rsa",
        "keys/ID_RSA.pub",
        "credentials.json",
        "aws/Credentials",
        ".netrc",
        "infra/prod.tfvars",
    ],
)
def test_files_that_hold_secrets_are_known_by_name(path: str) -> None:
    assert is_secret_file(path)


@pytest.mark.parametrize(
    "path", ["shop/orders.py", "environment.py", "tests/test_keys.py", "docs/pem.md", "README.md"]
)
def test_source_is_no_secret(path: str) -> None:
    assert not is_secret_file(path)


SECRETS = [
    "AKIA" + "IOSFODNN7EXAMPL3",
    "ghp_" + "a1B2" * 9,
    "sk-ant-" + "api03-" + "x" * 40,
    "sk-proj-" + "y" * 40,
    "xoxb-" + "1" * 24,
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMIIE and no end",
    "eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + "." + "c" * 20,
]


@pytest.mark.parametrize("secret", SECRETS)
def test_tokens_are_known_by_their_form_and_taken_out(secret: str) -> None:
    assert holds_secret(f"token = '{secret}'")
    assert secret not in redacted(f"token = '{secret}' # end")
    assert redacted(f"token = '{secret}' # end").endswith("' # end") or "no end" in secret


@pytest.mark.parametrize(
    "text", ["sk-learn is not a key", "AKIA", "task-" + "x" * 10, "-----BEGIN CERTIFICATE-----"]
)
def test_usual_text_is_no_secret(text: str) -> None:
    assert not holds_secret(text)
    assert redacted(text) == text


def test_scan_takes_linear_time() -> None:
    started = time.process_time()
    for piece in ("sk-", "eyJ", "-----BEGIN A PRIVATE KEY-----", "AKIA", "eyJaaaaaaaaaaaaaaaaaaaa."):
        redacted(piece * 20_000)
    assert time.process_time() - started < 10
