"""Files that are made to hold secrets: key stores by their first bytes, credential files by their grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from agent_gate.domain.secret import Secret
from agent_gate.domain.secret_value import is_password

_MAGIC = (
    (b"\xfe\xed\xfe\xed", "a Java key store"),
    (b"\xce\xce\xce\xce", "a Java key store"),
    (b"\x03\xd9\xa2\x9a", "a KeePass database"),
)
_BY_NAME = {".p12", ".pfx", ".jks", ".keystore"}
_DER_SEQUENCE = b"\x30"
_PUBLIC = {"debug.keystore"}
"""Android's debug key store: everybody has the same password and makes a new one."""
_NETRC = re.compile(r"\bpassword[ \t]{1,20}+(?P<value>[^\s#]{4,200}+)")
_DOCKER = re.compile(r'"auth"\s{0,8}+:\s{0,8}+"(?P<value>[A-Za-z0-9+/=]{8,2000}+)"')
_PGPASS = re.compile(r"^(?!#)(?:[^:\n]{0,100}+:){4}(?P<value>[^\n]{4,200}+)", re.MULTILINE)
_HTPASSWD = re.compile(r"^[^:#\s]{1,100}+:(?P<value>[^\s]{8,300}+)", re.MULTILINE)
_NPMRC = re.compile(r"_(?:auth|password)\s{0,4}+=\s{0,4}+(?P<value>[A-Za-z0-9+/=]{8,2000}+)")
_GRAMMARS = {
    ".netrc": _NETRC,
    "_netrc": _NETRC,
    ".pgpass": _PGPASS,
    ".htpasswd": _HTPASSWD,
    "config.json": _DOCKER,
    ".dockercfg": _DOCKER,
    ".npmrc": _NPMRC,
}
"""By file name, as the manuals of ftp, PostgreSQL, Apache, Docker and npm describe them."""


def key_store(path: str, content: bytes) -> str:
    """What kind of key store the file is, or an empty string."""
    name = PurePosixPath(path).name.lower()
    if name in _PUBLIC:
        return ""
    for magic, title in _MAGIC:
        if content.startswith(magic):
            return title
    is_der = content.startswith(_DER_SEQUENCE) and PurePosixPath(name).suffix in _BY_NAME
    return "a PKCS #12 key store" if is_der else ""


def stored_secrets(path: str, text: str) -> Iterator[Secret]:
    """The secrets in a credential file whose grammar has no `=` or `:` after a telling name."""
    name = PurePosixPath(path).name.lower()
    grammar = _GRAMMARS.get(name)
    if grammar is None:
        return
    for match in grammar.finditer(text):
        value = match["value"]
        if name == ".htpasswd" or is_password(value, "secret file"):
            yield Secret(match.start("value"), match.end("value"), "credential-file", "a credential", value)
