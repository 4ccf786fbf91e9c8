"""Secrets in text: finds them, and takes them out. The one list that gates, prompts and logs share.

To find is to judge: a sample of a manual, a placeholder, a word in a test is no secret. To redact is to be
careful: whatever has the form of a token goes, sample or not, also where it was cut off.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from agent_gate.domain.secret_form import (
    ANCHORS,
    FORMS_BY_ANCHOR,
    KEY_END,
    KEY_LAST_LINE,
    KEY_LINE,
    PRIVATE_KEY,
    Form,
)
from agent_gate.domain.secret_place import Place
from agent_gate.domain.secret_value import (
    is_authorization,
    is_encoded_key,
    is_jwt,
    is_password,
    is_private_key,
    is_token,
    is_url_password,
)

_TAIL_BYTES = 16_000


class Secret(NamedTuple):
    """A secret in a text, and what kind it is. Its value is never told, only `shown`."""

    start: int
    end: int
    rule: str
    title: str
    value: str
    prefix: str = ""
    """What of the value its kind begins with, and may be told."""

    @property
    def shown(self) -> str:
        """What stands in its place: the kind, the length, and enough of a digest to tell two apart.

        Sixteen bits confirm nobody's guess of a password.
        """
        digest = hashlib.sha256(self.value.encode(errors="surrogatepass")).hexdigest()
        return f"{self.prefix}…({len(self.value)} characters, sha256:{digest[:4]}…)"


def find_secrets(text: str, place: Place = "source") -> list[Secret]:
    """The secrets in a text, in their order and without overlap. Takes linear time, also on hostile text."""
    found = [*_forms(text, judge=True), *_urls(text, place), *_headers(text, place), *_assigned(text, place)]
    return _apart(found)


def find_tokens(text: str) -> list[Secret]:
    """Only those that say what they are, for bytes in which any word may stand by chance."""
    return _apart(list(_forms(text, judge=True)))


def holds_secret(text: str, place: Place = "source") -> bool:
    """Whether there is anything in the text that must not be sent away: also what only has a token's form."""
    return bool(find_secrets(text, place)) or any(True for _ in _forms(text, judge=False))


def redact(text: str) -> str:
    """The text without its secrets; redacting it again changes nothing. Takes linear time."""
    found = _apart(
        [
            *_forms(text, judge=False),
            *_key_tails(text),
            *_urls(text, "source"),
            *_headers(text, "source"),
            *_assigned(text, "source"),
        ]
    )
    if not found:
        return text
    parts: list[str] = []
    position = 0
    for secret in found:
        parts += [text[position : secret.start], secret.shown]
        position = secret.end
    return "".join([*parts, text[position:]])


def _apart(found: list[Secret]) -> list[Secret]:
    """The first of those that overlap; of those that begin together, the longest."""
    kept: list[Secret] = []
    for secret in sorted(found, key=lambda each: (each.start, -each.end)):
        if not kept or secret.start >= kept[-1].end:
            kept.append(secret)
    return kept


def _forms(text: str, *, judge: bool) -> Iterator[Secret]:
    position = 0
    while found := ANCHORS.search(text, position):
        position = found.end()
        for anchor, form in FORMS_BY_ANCHOR[found.group()]:
            match = _match(form, text, found.start(), judge=judge)
            if match is not None:
                start, position = match.span()
                yield Secret(start, position, form.rule, form.title, match.group(), anchor.strip())
                break


_ESCAPES = {"\\n", "\\r", "\\t"}


def _match(form: Form, text: str, position: int, *, judge: bool) -> re.Match[str] | None:
    before = text[position - 1 : position]
    if (before.isalnum() or before in set(form.not_after)) and text[position - 2 : position] not in _ESCAPES:
        return None  # inside of something longer
    match = form.whole.match(text, position)
    if match is None and not judge and form.begun is not None:
        return form.begun.match(text, position)
    return match if match is None or not judge or _holds(form, match["value"]) else None


_JUDGES = {"private-key": is_private_key, "encoded-key": is_encoded_key, "jwt": is_jwt}


def _holds(form: Form, value: str) -> bool:
    return _JUDGES.get(form.rule, is_token)(value)


def _key_tails(text: str) -> Iterator[Secret]:
    """The end of a private key whose beginning was cut off, as in the last lines of an output."""
    position = 0
    for end in KEY_END.finditer(text):
        start = max(position, end.start() - _TAIL_BYTES)
        begun = text.rfind("-----", start, end.start())
        tail = _tail(text[max(start, begun + 5 if begun >= 0 else 0) : end.start()])
        if tail:
            at = end.start() - len(tail)
            yield Secret(at, end.end(), PRIVATE_KEY.rule, PRIVATE_KEY.title, text[at : end.end()])
        position = end.end()


def _tail(text: str) -> str:
    """The lines at the end that can be a key's; each is looked at once."""
    lines = text.splitlines(keepends=True)
    first = len(lines)
    while first and (KEY_LINE if first < len(lines) else KEY_LAST_LINE).fullmatch(lines[first - 1]):
        first -= 1
    return "".join(lines[first:])


_URL = re.compile(r"""://([^\s/?#@:"'<>`]{0,100}+):([^\s/?#@"'<>`]{1,200}+)@([\w.\[\]:${}%-]{1,255}+)""")


def _urls(text: str, place: Place) -> Iterator[Secret]:
    position = text.find("://")
    while position >= 0:
        match = _URL.match(text, position)
        if match and is_url_password(match[1], match[2], match[3], _place(text, position, place)):
            yield Secret(match.start(2), match.end(2), "url-password", "a password in a URL", match[2])
        position = text.find("://", position + 3)


_HEADER = re.compile(
    r"(Bearer|bearer|BEARER|Basic|basic|BASIC|Token|token)[ \t]{1,4}([A-Za-z0-9._~+/-]{8,2000}+={0,2})"
)


def _headers(text: str, place: Place) -> Iterator[Secret]:
    for match in _HEADER.finditer(text):
        if is_authorization(match[1], match[2], _place(text, match.start(), place)):
            yield Secret(match.start(2), match.end(2), "authorization", "a credential of a header", match[2])


_KEYS = re.compile(
    r"passw(?:or)?d|pass_?phrase|pwd|secret(?:[_-]?(?:access[_-]?)?key)?|token|credentials?|"
    r"(?:api|access|auth|private|encryption|signing|account|master|shared|client|service|subscription|storage|license)"
    r"[_-]?(?:key|pass)"
)
"""The last words of a name that is given a secret; looked for in the text in small letters."""
_ASSIGNED = re.compile(
    r"""[0-9]{0,2}(?:_?(?:base64|b64|value|str|string))?(?P<name>\\?["'])?\]?(?:>|\s{0,20}+"""
    r"""(?::\s{0,4}+[A-Za-z_][\w.]{0,30}+(?:\[[\w.]{1,30}+\])?\s{0,4}+)?(?:=>|:=|[=!]=|=|:|,(?=\s{0,4}+["'])))\s{0,20}+"""
    r"""(?:[bBrRuU]{0,2}(?P<quote>\\?["'`]|\\?"{3}|'{3})(?P<quoted>[^\s"'`\\]{6,300}+)(?P=quote)"""
    r"""|(?P<bare>[^\s"'`\\,;&<>(){}\[\]]{6,300}+)(?=[\s"'`,;&<]|\Z))""",
    re.ASCII,
)


_SAMPLE_NAME = re.compile(
    r"(?<![a-z])(?:test|fake|dummy|mock|example|sample|invalid|wrong|public)[\w-]{0,20}\Z", re.IGNORECASE
)
_NAME = 32


def _assigned(text: str, place: Place) -> Iterator[Secret]:
    """Values that are given to a name which says that they are secret."""
    for key in _KEYS.finditer(_small(text)):
        match = _ASSIGNED.match(text, key.end())
        if match is None:
            continue
        group = "quoted" if match["quoted"] else "bare"
        value = match[group]
        here = _place(text, key.start(), place)
        if here != "secret file" and _SAMPLE_NAME.search(text, max(0, key.start() - _NAME), key.start()):
            continue
        if is_password(value, here, quoted=group == "quoted", key=key.group()):
            yield Secret(
                match.start(group), match.end(group), "password", f"the value of a {key.group()}", value
            )


def _place(text: str, position: int, place: Place) -> Place:
    """A line of a doctest is a sample, wherever it stands."""
    if place != "source":
        return place
    before = text[max(0, position - _LINE_BEGINNING) : position]
    return "test" if before.rpartition("\n")[2].lstrip().startswith(">>>") else place


_LINE_BEGINNING = 200


def _small(text: str) -> str:
    """In small letters, each character where it was."""
    return (text if text.isascii() else text.encode("ascii", "replace").decode()).lower()
