from __future__ import annotations

import pytest

from agent_gate.llm.environment import keys_looked_for, keys_set, worker_environment


@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_API_KEY",
        "SOME_VENDOR_API_KEY",
        "OPENAI_API_BASE",
        "OPENAI_BASE_URL",
        "AWS_PROFILE",
        "AZURE_API_VERSION",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "VERTEXAI_PROJECT",
        "OLLAMA_API_BASE",
        "HTTPS_PROXY",
        "https_proxy",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "HOME",
    ],
)
def test_what_providers_need_is_passed_on(name: str) -> None:
    assert worker_environment({name: "value"})[name] == "value"


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN",
        "SSH_AUTH_SOCK",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "LD_PRELOAD",
        "GIT_DIR",
        "DATABASE_PASSWORD",
        "MY_HTTP_PROXY",
    ],
)
def test_nothing_else_is(name: str) -> None:
    assert name not in worker_environment({name: "value"})


def test_the_repository_cannot_change_how_litellm_is_loaded() -> None:
    environ = worker_environment({"LITELLM_MODE": "DEV", "LITELLM_LOCAL_MODEL_COST_MAP": "False"})
    assert environ["LITELLM_MODE"] == "PRODUCTION"
    assert environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"


def test_messages_name_keys_and_never_hold_them() -> None:
    environ = {"OPENAI_API_KEY": "sk-secret", "SOME_VENDOR_API_KEY": "secret", "GROQ_API_KEY": ""}
    assert keys_set(environ) == "OPENAI_API_KEY, SOME_VENDOR_API_KEY"
    looked_for = keys_looked_for(environ)
    assert "OPENAI_API_KEY (set)" in looked_for
    assert "SOME_VENDOR_API_KEY (set)" in looked_for
    assert "GROQ_API_KEY (not set)" in looked_for
    assert "secret" not in looked_for
