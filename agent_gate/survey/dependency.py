"""What files depend on outside of their own process, and the words in which a spec would speak of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from agent_gate.survey.python_source import imported_modules, is_test_file
from agent_gate.survey.technology import KIND_WORDS, TECHNOLOGIES, Technology, technology_of
from agent_gate.survey.work_tree import WorkTree

MOST_READ = 16 * 1024 * 1024
"""So many characters of source are looked through; what comes after them is not."""
_AWS_CLIENT = r"(?:client|resource)\(\s*(?:service_name\s*=\s*)?[\"']([\w-]+)[\"']"
_AWS_KINDS = {
    "s3": "object storage", "dynamodb": "database", "sqs": "queue", "sns": "queue", "kinesis": "queue",
    "ses": "mail", "sesv2": "mail", "secretsmanager": "secret store", "bedrock-runtime": "model API",
}  # fmt: skip
"""What an AWS client is for, by the service that it is made for."""

_CLIENT_CLASS = r"\bclass\s+([A-Z]\w*?)(?:Client|Gateway|Api|API)\b"
_ADDRESS = r"\b([A-Z][A-Z0-9]*)(?:_API|_BASE)?_(?:URL|HOST|ENDPOINT)\b"
_ASKED_BY_CLIENTS = frozenset({"HTTP service", "gRPC service"})
_URL = r"[\"']https?://([\w-]+(?:\.[\w-]+)+)"
_TOO_GENERAL = frozenset(
    {
        "abstract", "api", "app", "async", "auth", "base", "callback", "client", "data", "default", "dummy", "endpoint",
        "example", "fake", "file", "get", "host", "http", "https", "image", "json", "local", "localhost", "login",
        "logout", "main", "mock", "my", "next", "null", "page", "public", "redirect", "remote", "request", "rest", "root",
        "self", "server", "service", "services", "session", "set", "simple", "site", "static", "sync", "target", "test",
        "the", "token", "upstream", "url", "user", "web", "www",
    }
)  # fmt: skip
_SEPARATORS = r"[^a-z0-9]+"


class Dependency(NamedTuple):
    """Something outside of the process that a file reaches for through a package."""

    name: str
    """The package, as it is imported: `psycopg`, `django.db`."""
    kind: str
    """A key of KIND_WORDS: `database`, `queue`, `HTTP service`, …"""
    path: str
    line: int
    words: tuple[str, ...]
    """The words that would speak of it in prose, in lower case."""

    callee: str = ""
    """Whom an HTTP client asks, where its class tells: `carrier`."""

    @property
    def title(self) -> str:
        """As it stands in a sentence: "PostgreSQL", "the database", "the carrier"."""
        found = technology_of(self.name)
        return f"the {self.callee}" if self.callee else found[1].title if found else self.name


def dependencies_of(tree: WorkTree, paths: Iterable[str]) -> tuple[Dependency, ...]:
    """What these Python files reach for, in the order in which they do; each product once.

    Packages of the repository itself, and files of tests, are left out. A package that speaks to any
    product of its kind (an ORM) is left out where the product is named by another import (its driver).
    HTTP clients are told apart by the class that wraps them: a CarrierClient and a BankClient ask two
    services, whichever package they do it with.
    """
    found: dict[tuple[str, str], tuple[Dependency, Technology]] = {}
    read = 0
    for path in dict.fromkeys(paths):
        if path.endswith(".py") and not is_test_file(path) and read <= MOST_READ:
            read += len(tree.text(path))
            for dependency, technology in _dependencies_in(tree, path):
                found.setdefault((technology.title, dependency.callee), (dependency, technology))
    named = {technology.kind for _, technology in found.values() if not technology.generic}
    return tuple(
        dependency
        for dependency, technology in found.values()
        if not (technology.generic and technology.kind in named)
    )


def words_for(name: str) -> tuple[str, ...]:
    """The words that would speak of a service or a dependency of this name, itself included.

    `db` is a database of any product; `postgres` is that one, or a database.
    """
    whole = name.strip().lower()
    found = [whole, *_known_words(whole)]
    parts = [part for part in re.split(_SEPARATORS, whole) if part]
    if len(parts) > 1:
        found.append(" ".join(parts))
        for part in parts:
            found += _known_words(part) or ([part] if len(part) > 2 and part not in _TOO_GENERAL else [])
    return tuple(dict.fromkeys(word for word in found if word))


def speaks_of(text: str, words: Iterable[str]) -> bool:
    """Whether one of the words stands in the text, as a word of its own or in the plural."""
    alternatives = "|".join(re.escape(word) for word in words if word)
    return bool(alternatives) and bool(
        re.search(rf"(?<![^\W_])(?:{alternatives})(?:e?s|'s)?(?![^\W_])", text, re.IGNORECASE)
    )


def _dependencies_in(tree: WorkTree, path: str) -> Iterator[tuple[Dependency, Technology]]:
    text = tree.text(path)
    if not re.search(_import_pattern(), text, re.MULTILINE):
        return  # most files need not be parsed
    for module, line in imported_modules(text).items():
        found = technology_of(module)
        if found and not _is_own(tree, path, module.partition(".")[0]):
            name, technology = found
            kind = _kind(technology, text)
            words = (*technology.words, *KIND_WORDS[kind], name.lower(), *_callee_words(technology, text))
            callee = next(iter(_clients(text)), "") if kind in _ASKED_BY_CLIENTS else ""
            yield Dependency(name, kind, path, line, tuple(dict.fromkeys(words)), callee), technology


@lru_cache(maxsize=1)
def _import_pattern() -> str:
    """It finds each import that might be one of a package that we know; the syntax tree tells for certain."""
    tops = sorted({module.partition(".")[0] for each in TECHNOLOGIES for module in each.modules})
    return rf"^[ \t]*(?:import|from)[ \t][^\n]{{0,400}}?\b(?:{'|'.join(tops)})\b"


def _kind(technology: Technology, text: str) -> str:
    clients = re.findall(_AWS_CLIENT, text) if technology.title == "AWS" else []
    return next((_AWS_KINDS[client] for client in clients if client in _AWS_KINDS), technology.kind)


def _is_own(tree: WorkTree, path: str, package: str) -> bool:
    """Whether the repository holds that package: at its root, under src, or in a folder above the file.

    A folder that is a package itself does not count: its `redis.py` is imported as `shop.redis`.
    """
    folders = path.split("/")[:-1]
    above = ("/".join(folders[:end]) + "/" for end in range(1, len(folders) + 1))
    places = ("", "src/", *(place for place in above if not tree.exists(f"{place}__init__.py")))
    return any(tree.exists(f"{place}{package}{end}") for place in places for end in ("/__init__.py", ".py"))


def _callee_words(technology: Technology, text: str) -> list[str]:
    """What a file calls the service that it asks: by its client class, its address setting, its host."""
    if technology.title == "AWS":
        return [client.lower() for client in re.findall(_AWS_CLIENT, text)]
    if technology.kind not in _ASKED_BY_CLIENTS:
        return []
    hosts = [host.rsplit(".", 2)[-2] for host in re.findall(_URL, text)]
    names = (name.lower() for name in (*re.findall(_ADDRESS, text), *hosts))
    telling = [
        name for name in names if len(name) > 2 and name not in _TOO_GENERAL and not _known_words(name)
    ]
    return [*_clients(text), *telling]


def _clients(text: str) -> list[str]:
    """Whom the client classes of a file ask: `carrier` for a CarrierClient."""
    names = re.findall(_CLIENT_CLASS, text)
    parted = (re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name) for name in names)
    told = (" ".join(word for word in name.lower().split() if word not in _TOO_GENERAL) for name in parted)
    return [name for name in told if name]


def _known_words(name: str) -> list[str]:
    """The words of the products and kinds that the name stands for; empty for a name that tells nothing."""
    kinds = [kind for kind, words in KIND_WORDS.items() if name in words or name == kind.lower()]
    meant = [each for each in TECHNOLOGIES if each.kind in kinds or (not kinds and _is_called(each, name))]
    named = [each for each in meant if not each.generic] or meant
    found = [word for each in (meant if kinds else named) for word in each.words]
    return [*found, *(word for each in (*kinds, *(each.kind for each in meant)) for word in KIND_WORDS[each])]


def _is_called(technology: Technology, name: str) -> bool:
    return name in technology.words or name in (module.lower() for module in technology.modules)
