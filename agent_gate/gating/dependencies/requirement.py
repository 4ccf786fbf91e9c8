"""What a dependency file says, as values: requirements, and what else decides from where they come."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508
from packaging.utils import canonicalize_name

Ecosystem = Literal["pypi", "npm"]
LONGEST = 4096
"""As many characters of one requirement are read; no honest one comes near."""

_PYPI_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
_NPM_NAME = re.compile(r"(?:@[a-z0-9~_-][a-z0-9._~-]{0,100}/)?[A-Za-z0-9~_-][A-Za-z0-9._~-]{0,213}")


@dataclass(frozen=True)
class Requirement:
    """One requirement in one file."""

    ecosystem: Ecosystem
    name: str
    """As the index knows it: normalised (PEP 503) for Python."""
    specifier: str
    """Versions that will do, in the ecosystem's own notation; empty for any."""
    path: str
    line: int = 0
    """Where it stands, counted from 1; 0 where the reader did not tell."""
    source: str = ""
    """A URL, repository or folder from which it comes instead of from an index."""
    hashed: bool = False
    locked: bool = False
    """Written by a resolver: an exact version that a file of people asked for, perhaps indirectly."""
    written: str = ""
    """As it stands in the file, so that its line can be found."""
    marker: str = ""
    """Where it counts at all (PEP 508, environment markers); for npm, that it may be left out."""

    @property
    def key(self) -> tuple[Ecosystem, str]:
        """What makes two requirements ask for the same package."""
        return self.ecosystem, self.name

    @property
    def content(self) -> tuple[str, ...]:
        """What it asks for, wherever it stands."""
        return self.ecosystem, self.name, self.specifier, self.source

    @property
    def pinned(self) -> bool:
        """It leaves one version only."""
        if self.ecosystem == "npm":
            return self.locked or bool(re.fullmatch(r"=?v?\d+\.\d+\.\d+(?:[-+][\w.+-]*)?", self.specifier))
        exact = re.fullmatch(r"===?[^,=*]+", self.specifier.replace(" ", ""))
        return self.locked or bool(exact)

    @property
    def title(self) -> str:
        """As it stands in a sentence."""
        return f"{self.name}{self.specifier and ' '}{self.specifier}"


class Setting(NamedTuple):
    """A line that says where packages may come from."""

    line: int
    text: str


class Include(NamedTuple):
    """Another file of the repository that holds requirements too."""

    line: int
    path: str


class Origin(NamedTuple):
    """Scheme and host from which a lock file takes its packages."""

    line: int
    address: str


class Computed(NamedTuple):
    """Requirements that only running the project's code would tell."""

    line: int
    text: str


class Own(NamedTuple):
    """A package that the repository itself makes."""

    ecosystem: Ecosystem
    name: str


Item = Requirement | Setting | Include | Origin | Computed | Own
"""What a reader yields."""


@dataclass(frozen=True)
class SourceFile:
    """A dependency file as text."""

    path: str
    text: str

    def line_of(self, *needles: str) -> int:
        """The first line that holds one of the texts, the first of them first; 0 where none does."""
        for needle in needles:
            place = self.text.find(needle) if needle else -1
            if place >= 0:
                return self.text.count("\n", 0, place) + 1
        return 0


def python_requirement(file: SourceFile, text: str, line: int = 0, *, hashed: bool = False) -> Requirement:
    """A requirement in the notation of PEP 508; raises ValueError for whatever is none."""
    try:
        parsed = Pep508(text.strip()[:LONGEST])
    except InvalidRequirement as error:
        raise ValueError(f"{text.strip()[:80]!a} is no requirement: {str(error).splitlines()[0]}") from None
    return Requirement(
        ecosystem="pypi",
        name=python_name(parsed.name),
        specifier=str(parsed.specifier),
        path=file.path,
        line=line,
        source=parsed.url or "",
        hashed=hashed,
        written=text.strip(),
        marker=str(parsed.marker or ""),
    )


def python_name(name: str) -> str:
    """The normalised name (PEP 503); raises ValueError for what no index can hold (PEP 508, Names)."""
    if not isinstance(name, str) or not _PYPI_NAME.fullmatch(name):
        raise ValueError(f"{str(name)[:80]!a} cannot be the name of a package")
    return canonicalize_name(name)


def npm_name(name: str) -> str:
    """The name itself; raises ValueError for what no registry can hold (validate-npm-package-name)."""
    if not isinstance(name, str) or not _NPM_NAME.fullmatch(name):
        raise ValueError(f"{str(name)[:80]!a} cannot be the name of a package")
    return name


def address(url: str) -> str:
    """Scheme and host of a URL, without name and password; empty where it has none."""
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]{0,30})://(?:[^/?#\s]*@)?([^/?#\s]*)", url)
    return f"{found[1].lower()}://{found[2].lower()}" if found else ""


def without_password(text: str) -> str:
    """The text with name and password taken out of its URLs: it is shown to people, and kept."""
    return re.sub(r"://[^/\s@]{1,512}@", "://***@", text)
