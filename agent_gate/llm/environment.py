"""What the process that speaks to models may know of our environment: its provider's keys, and no more."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent_gate.process import allowed_environment

PROVIDER_KEYS = (
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "GEMINI_API_KEY",
    "MISTRAL_API_KEY",
    "DEEPSEEK_API_KEY",
    "OPENROUTER_API_KEY",
    "GROQ_API_KEY",
    "XAI_API_KEY",
    "AZURE_API_KEY",
    "AWS_ACCESS_KEY_ID",
)
"""The usual ones, for messages; any other variable that ends in _API_KEY is passed on too."""

_PASSED_ON = re.compile(
    r"""
    .+(_API_KEY|_API_BASE|_BASE_URL|_API_VERSION)
    | (AWS|AZURE|GOOGLE|VERTEX|VERTEXAI|OPENAI|ANTHROPIC|OLLAMA|GEMINI|WATSONX|DATABRICKS)_\w+
    | (HTTPS?|ALL|NO)_PROXY | (https?|all|no)_proxy
    | SSL_CERT_FILE | SSL_CERT_DIR | HOME
    """,
    re.VERBOSE,
)
_FIXED = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else the price map is fetched from the network at import
    "LITELLM_MODE": "PRODUCTION",  # else a .env file above the installation sets keys and addresses
    "LITELLM_LOG": "ERROR",
}


def worker_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """An allow-list of what providers, proxies and certificates need."""
    passed_on = {name: value for name, value in environ.items() if _PASSED_ON.fullmatch(name)}
    return {**allowed_environment(), **passed_on, **_FIXED}


def keys_set(environ: Mapping[str, str]) -> str:
    """The names of the key variables that are set, for a message; never their values."""
    return ", ".join(sorted(name for name, value in environ.items() if value and _is_key(name)))


def keys_looked_for(environ: Mapping[str, str]) -> str:
    """The usual key variables and which of them are set, for a message: names, never values."""
    others = sorted(name for name in environ if _is_key(name) and name not in PROVIDER_KEYS)
    return ", ".join(
        f"{name} ({'set' if environ.get(name) else 'not set'})" for name in (*PROVIDER_KEYS, *others)
    )


def _is_key(name: str) -> bool:
    return name in PROVIDER_KEYS or name.endswith("_API_KEY")
