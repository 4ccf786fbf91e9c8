"""Keeps secrets out of prompts: files that usually hold them, and texts that look like them."""

from __future__ import annotations

import re

from agent_gate.domain.pattern import matches

SECRET_FILES = (
    ".env",
    ".env.*",
    "*.env",
    ".envrc",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.tfvars",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "credentials*",
    "service-account*.json",
    "secrets.*",
    ".netrc",
    ".pgpass",
    ".pypirc",
    ".npmrc",
    ".htpasswd",
    ".aws",
    ".ssh",
    ".gnupg",
    ".docker/config.json",
)
_PRIVATE_KEY = (
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:[^-]{0,20000}-----END [A-Z ]{0,40}PRIVATE KEY-----)?"
)
_TOKENS = (
    _PRIVATE_KEY,
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    r"\bsk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{32,200}",
    r"\bgh[pousr]_[A-Za-z0-9]{36,251}\b",
    r"\bgithub_pat_[A-Za-z0-9_]{60,100}",
    r"\bglpat-[A-Za-z0-9_-]{20,64}",
    r"\bxox[abeprs]-[A-Za-z0-9-]{20,200}",
    r"\b[rs]k_live_[A-Za-z0-9]{20,120}",
    r"\bAIza[A-Za-z0-9_-]{35}",
    r"\bpypi-[A-Za-z0-9_-]{60,250}",
    r"\beyJ[A-Za-z0-9_-]{15,2000}\.eyJ[A-Za-z0-9_-]{15,4000}\.[A-Za-z0-9_-]{15,1000}",
)
"""Tokens that say what they are by their prefix; the `secrets` gate looks for more."""
_SECRET_TEXT = re.compile("|".join(_TOKENS))


def is_secret_file(path: str) -> bool:
    """Whether files of this name usually hold secrets; they are never shown, whatever the spec says."""
    return matches(path.lower(), SECRET_FILES)


def holds_secret(text: str) -> bool:
    """Whether the text has something that looks like a token or a private key."""
    return _SECRET_TEXT.search(text) is not None


def redacted(text: str) -> str:
    """The text with what looks like a token or a private key taken out."""
    return _SECRET_TEXT.sub("[secret withheld]", text)
