"""Keeps keys out of everything that leaves the process that holds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

REDACTED = "[redacted]"
_SECRET_NAME = re.compile(r"(KEY|KEY_ID|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_SHORTEST = 12
"""Shorter values are words such as `ollama` that local servers take for a key, and stand in honest code."""


def secrets_in(environ: Mapping[str, str]) -> frozenset[str]:
    """The values that are secret by their variable's name, and the passwords inside URLs."""
    found: set[str] = set()
    for name, value in environ.items():
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST:
            found |= {value, quote(value, safe="")}
        if password := _password(value):
            found.add(f":{password}@")
    return frozenset(found)


def _password(value: str) -> str:
    try:
        return urlsplit(value).password or "" if "://" in value else ""
    except ValueError:
        return ""


class Redactor:
    """Replaces secrets in texts, also in a text that comes in pieces."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted(secrets, key=len, reverse=True)
        self._held = ""

    def redact(self, data: Any) -> Any:
        """The same JSON data with every secret in its texts replaced."""
        if isinstance(data, str):
            for secret in self._secrets:
                data = data.replace(secret, REDACTED)
            return data
        if isinstance(data, dict):
            return {key: self.redact(value) for key, value in data.items()}
        if isinstance(data, list):
            return [self.redact(value) for value in data]
        return data

    def feed(self, piece: str) -> str:
        """What may be shown after this piece: an end that could be the start of a secret is held back."""
        text = str(self.redact(self._held + piece))
        held = max((_overlap(text, secret) for secret in self._secrets), default=0)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def flush(self) -> str:
        """What was held back, once nothing more comes."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, secret: str) -> int:
    """How many characters at the text's end are the secret's beginning."""
    return next((n for n in range(min(len(text), len(secret) - 1), 0, -1) if text.endswith(secret[:n])), 0)
