"""Whether a value is a secret, or only stands where one would: words, placeholders and samples do not count."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections import Counter
from itertools import pairwise
from typing import Any

from agent_gate.domain.secret_place import Place

_FAKE = re.compile(
    r"example|sample|dummy|fake|placeholder|change.?me|change.?this|replace|redacted|withheld|insert|your|"
    r"notareal|not.a.real|notsecret|not.secret|invalid|foobar|lorem|hunter2|qwert|letmein|abc.?123|1234567|"
    r"abcdef|deadbeef|cafebabe|x{4}|0{7}|\*{3}|\.{3}|…|_here\b|todo|swordfish|s3cr3t|p4ss|p[a@]ssw[o0]rd|passwd|"
    r"secret|testing|mock|dont.?tell|wonderland|trustno1",
    re.IGNORECASE,
)
"""What issuers, manuals and tests write where a secret would stand. No random token holds any of it."""
_FAKE_WORDS = re.compile(
    r"(?<![A-Za-z])(?:test|tests|foo|bar|baz|demo|none|null|true|false|pass|user|admin|token|default)(?![a-z])",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(r"[<>{}\[\]()]|\$|%[sdr(]|%\w+%|@@|^@|^!|\\[wdsWDS]|::|\.\*")
"""A value that is looked up or filled in: `${TOKEN}`, `<your key>`, `{{ key }}`, `%(token)s`; or a pattern."""
_PATH = re.compile(r"(?:[\w.~@-]*/){2}|^[./~]|^[A-Za-z]:\\|^\w+://|^[\w-]+(?:\.[A-Za-z][\w-]*)+$")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_DIGEST = re.compile(
    r"(?:sha(?:1|256|384|512)|md5|blake2b)[-:=_]|^\$?(?:2[aby]|argon2|pbkdf2|scrypt)", re.IGNORECASE
)
_ENCRYPTED = re.compile(r"^(?:ENC\[|AQICA|vault:v\d|gAAAAA|\$ANSIBLE_VAULT)")
"""Values that are kept encrypted, and are meant to be committed."""
_RUN = re.compile(r"(.)\1{5}")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_COMMON_PAIRS = frozenset(
    re.findall(
        "..",
        "thheinerantireonatenedndtoorisitarteseashnggitalechoaveriliceraoflcomemewirasiurieelutcaleroestonlurt"
        "acticoetmasedithliunlalitynspeicmuasbeketotrnturendefotaidamtamoplpowherussopprarucehasstaadaiesolabi"
        "ssonimoweplcl",
    )
)
"""Frequent pairs of letters in English words: they tell `correcthorsebattery` from `qx7fkzjwpbvhm`."""
_WORDY = 0.42
_FAKE_HOSTS = re.compile(
    r"\[?(?:localhost|127\.[\d.]+|0\.0\.0\.0|::1|[a-z]+|(?:.*\.)?example(?:\.\w+)?|.*\bdomain\.\w+|.*\bfoo\b.*|"
    r".*\.(?:test|invalid|localhost|local)|.*\btest\b.*)\]?(?::.*)?",
    re.IGNORECASE,
)
"""Hosts of samples: loopback, a single word such as `db`, the reserved names (RFC 2606)."""
_SAMPLES = frozenset(
    {"gX1fBat3bV", "7Fjfp0ZBr1KtDRbnfVdmIw", "tGzv3JOkF0XG5Qx2TlKWIA", "2YotnFZFEjr1zCsicMWpAA", "8xLOxBtZp8"}
)
"""What RFC 6749 writes, and everybody copies."""


def is_random(value: str, *, shortest: int = 16) -> bool:
    """Whether a text looks drawn by a machine: long, many different characters, letters and digits, no words."""
    if len(value) < shortest or not any(c.isdigit() for c in value) or not any(c.isalpha() for c in value):
        return False
    return entropy(value) >= min(3.4, 0.8 * math.log2(len(value))) and not is_wordy(value)


def entropy(value: str) -> float:
    """Bits a character, by the frequencies within the text (Shannon, 1948)."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values()) if size else 0.0


def is_wordy(value: str) -> bool:
    """Whether its letters are mostly words, in any case and with any signs between them."""
    pairs = [
        run[i : i + 2].lower() for run in _WORDS.findall(value) if run.isalpha() for i in range(len(run) - 1)
    ]
    if len(pairs) < len(value) / 3:
        return False  # too few letters side by side to make words
    return sum(pair in _COMMON_PAIRS for pair in pairs) / len(pairs) > _WORDY


def is_fake(value: str) -> bool:
    """Whether it says itself that it is none: a placeholder, a sample, a repeated or counted pattern."""
    return (
        bool(value in _SAMPLES or _FAKE.search(value) or _RUN.search(value))
        or _is_periodic(value)
        or _is_counted(value)
    )


def _is_periodic(value: str) -> bool:
    return any(
        value == (value[:size] * len(value))[: len(value)] for size in range(1, min(9, len(value) // 2 + 1))
    )


def _is_counted(value: str) -> bool:
    """Characters that follow one another, as in `abcdefgh12345678`."""
    steps = sum(ord(b) - ord(a) == 1 for a, b in pairwise(value))
    return steps > len(value) / 2


def is_token(value: str) -> bool:
    """Whether the body of a token with a known prefix is one that an issuer could have made."""
    return len(set(value)) >= min(8, len(value) // 3) and not is_fake(value) and not _says_words(value)


def _says_words(value: str) -> bool:
    """`not-a-real-token-at-all`: letters only, and words. Issuers draw from digits too."""
    return not any(c.isdigit() for c in value) and is_wordy(value)


def is_private_key(body: str) -> bool:
    """Whether between the marks stands a key, not three dots or a line of code."""
    text = re.sub(r"\\[nrt]|[^A-Za-z0-9+/=]", "", body)
    return len(text) >= 64 and len(set(text)) >= 16 and not re.search(r"\.{3}|…", body)


def is_encoded_key(value: str) -> bool:
    """Whether base64 that begins like a key's title is one: a certificate has the same first words."""
    return "PRIVATE KEY" in _decoded(value[:80]).decode("latin-1")


_LONG_PAST = 1_735_689_600
"""2025-01-01: a token that ended before opens nothing any more. A fixed date, so that every run says the same."""


def is_jwt(value: str) -> bool:
    """Whether a JSON Web Token names who issued it or until when it holds, and is no manual's sample."""
    claims = _json(value.split(".")[1])
    if not isinstance(claims, dict) or not ({"iss", "exp"} & set(claims)):
        return False
    ends = claims.get("exp")
    if isinstance(ends, int | float) and ends < _LONG_PAST:
        return False
    text = json.dumps(claims)
    return not re.search(r"1234567890|John Doe|example\.|\"joe\"|localhost|\"iss\": \"(?:test|foo|me)", text)


def _json(part: str) -> Any:
    try:
        return json.loads(_decoded(part.replace("-", "+").replace("_", "/")))
    except (ValueError, RecursionError):
        return None


def _decoded(part: str) -> bytes:
    """What base64 stands for, with or without its padding; nothing where it is none."""
    try:
        return base64.b64decode(part.rstrip("=") + "=" * (-len(part.rstrip("=")) % 4))
    except binascii.Error:
        return b""


def is_password(value: str, place: Place, *, quoted: bool = True, key: str = "") -> bool:
    """Whether what is assigned to a name such as `password` or `api_key` is a secret.

    In a file that is made for secrets everything is that is no placeholder; in a test only what a machine
    drew; elsewhere also what a person makes up of letters, digits and signs.
    """
    if len(value) < _SHORTEST or _TEMPLATE.search(value) or is_fake(value) or _FAKE_WORDS.search(value):
        return False
    if place == "secret file":
        return True
    if _is_something_else(value):
        return False
    if _UUID.fullmatch(value):
        return place != "test" and bool(_UUID_KEYS.search(key))
    if place == "test":
        return is_random(value, shortest=24) and _classes(value) >= 3
    is_plain = not quoted and place == "source"
    return is_random(value, shortest=24 if is_plain else 16) or (not is_plain and _made_up(value))


_SHORTEST = 6
_UUID_KEYS = re.compile(r"api|client|account")
"""Names of keys whose issuers hand out plain UUIDs; elsewhere a UUID names a thing."""


def _is_something_else(value: str) -> bool:
    """A path, an address, a dotted name, a digest, or a text that is kept encrypted."""
    patterns = (_PATH, _DIGEST, _ENCRYPTED)
    return not value.isascii() or any(pattern.search(value) for pattern in patterns)


def _made_up(value: str) -> bool:
    """As people make passwords: at least eight characters of three kinds, with a digit, and not a name."""
    signs = sum(not c.isalnum() for c in value)
    return (
        len(value) >= 8
        and any(c.isdigit() for c in value)
        and _classes(value) >= 3
        and not (signs and set(re.sub(r"[A-Za-z0-9]", "", value)) <= set("-_.:/,"))
    )


def _classes(value: str) -> int:
    return sum((
        any(c.islower() for c in value), any(c.isupper() for c in value),
        any(c.isdigit() for c in value), any(not c.isalnum() for c in value),
    ))  # fmt: skip


def is_url_password(user: str, password: str, host: str, place: Place) -> bool:
    """Whether the password inside a URL opens something: not on a sample host, not the user's name again."""
    if _FAKE_HOSTS.fullmatch(host) or _TEMPLATE.search(user + host) or password == user:
        return False
    return is_password(password, place) or (
        place != "test" and any(c.isdigit() for c in password) and is_password(password, "secret file")
    )


def is_authorization(scheme: str, value: str, place: Place) -> bool:
    """Whether the value of an Authorization header opens something."""
    if scheme.lower() != "basic":
        return not is_fake(value) and is_random(value, shortest=24 if place == "test" else 20)
    _, colon, password = _decoded(value).decode(errors="replace").partition(":")
    return bool(colon) and is_password(password, place)
