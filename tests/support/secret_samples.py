"""Tokens for tests, drawn from a seed: no file of this repository holds one."""

from __future__ import annotations

import base64
import json
import random
import string

LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def drawn(size: int, alphabet: str = LETTERS, seed: int = 1) -> str:
    """Characters as an issuer draws them: the same for the same seed, each alphabet's kinds among them."""
    chooser = random.Random(f"{size} {alphabet} {seed}")
    text = "".join(chooser.choice(alphabet) for _ in range(size))
    return (
        text if any(c.isdigit() for c in text) or alphabet.isalpha() else drawn(size, alphabet, seed + 1000)
    )


def github_token(seed: int = 1) -> str:
    return "ghp_" + drawn(36, seed=seed)


def private_key(kind: str = "RSA ", lines: int = 8) -> str:
    body = "\n".join(drawn(64, LETTERS + "+/", seed) for seed in range(lines))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{body}\n{drawn(30)}==\n-----END {kind}PRIVATE KEY-----"


def json_web_token(**claims: object) -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, drawn(43)])
