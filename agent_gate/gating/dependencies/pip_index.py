"""Asks the index that pip is configured for, by pip itself; no code of a package runs, nothing is built."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from agent_gate import process
from agent_gate.errors import SetupError
from agent_gate.gating.dependencies.answer import Answer, UnreachableIndexError, name_by_lot
from agent_gate.gating.dependencies.licence import licence_of
from agent_gate.gating.dependencies.requirement import Requirement, address, without_password

OLDEST_PIP = (22, 3)
"""Since then it makes installation reports without installing."""
TELLS_DATES = (26,)
"""Since then it can leave out what was uploaded after a day."""
_COMMAND_S = 120.0
_CAP = 64 * 1024 * 1024
_PATIENCE = ("--disable-pip-version-check", "--no-input", "--no-color", "--retries", "2", "--timeout", "20")
NOT_FOUND = "No matching distribution found for"
_ELSEWHERE = re.compile(r"^\s*Skipping link: none of the wheel's tags", re.MULTILINE)
_YANKED = re.compile(r"^\s*Skipping link: yanked", re.MULTILINE)
"""pip's words for a wheel that fits other machines or interpreters, and for a file that was withdrawn."""

PASSED_ON = (
    "HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_CACHE_HOME", "NETRC", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy",
    "https_proxy", "all_proxy", "no_proxy",
)  # fmt: skip
"""What tells the clients how to get out, beside the variables of their own."""


class Pip(NamedTuple):
    """How pip is started, and which one it is."""

    argv: tuple[str, ...]
    version: tuple[int, ...]


@dataclass(frozen=True)
class _Listing:
    """What pip says about a package's releases."""

    versions: tuple[str, ...]
    places: tuple[str, ...]
    """Indexes and folders that it looked in."""
    yanked: bool = False
    elsewhere: bool = False
    """It has wheels, for other interpreters or machines."""


@dataclass(frozen=True)
class PipIndex:
    """pip, and what it is asked with."""

    pip: Pip
    folder: Path
    """An empty folder: pip reads no configuration of the candidate's."""
    env: Mapping[str, str]
    slots: asyncio.Semaphore
    since: date
    """The day on which the first release of a new package has to have been there."""
    licences: Mapping[str, str]
    """Titles of licences, in lower case, and their SPDX identifiers."""

    async def prove(self) -> frozenset[str]:
        """Asks for a name drawn by lot: all places must say that they do not have it."""
        name = name_by_lot()
        told = await self._list(name)
        if told.versions or told.yanked or told.elsewhere:
            raise UnreachableIndexError(
                "the package index says that a package exists whose name was drawn by lot"
            )
        return frozenset(address(place) for place in told.places)

    async def ask(self, requirement: Requirement, *, is_new: bool) -> Answer:
        """Existence and releases, the version that would be installed with its metadata, and the age."""
        name = requirement.name
        report = None if is_new else await self._report(f"{name}{requirement.specifier}")
        if report is not None:
            return self._described(Answer(requirement, exists=True), report)
        told = await self._list(name)
        if not told.versions:
            withdrawn = "all its releases are yanked" if told.yanked else ""
            return Answer(requirement, told.yanked or told.elsewhere, installable=False, withdrawn=withdrawn)
        version = _newest(told.versions, requirement.specifier)
        report = await self._report(f"{name}{requirement.specifier}") if is_new else None
        answer = Answer(
            requirement,
            exists=True,
            releases=len(told.versions),
            version=version,
            installable=report is not None,
            old_enough=await self._old_enough(name) if is_new else None,
        )
        return self._described(answer, report) if report else answer

    def _described(self, answer: Answer, report: Mapping[str, Any]) -> Answer:
        metadata = report["metadata"]
        licence = licence_of(metadata, self.licences)
        unread = not licence and str(metadata.get("metadata_version", "")) >= "2.4"  # pip before 25 (PEP 639)
        return replace(
            answer,
            version=str(metadata["version"]),
            withdrawn="yanked" if report["is_yanked"] else "",
            licence=None if unread else licence,
            origin=report["origin"],
        )

    async def _run(self, *arguments: str) -> process.Completed:
        async with self.slots:
            done = await process.run(
                [*self.pip.argv, *_PATIENCE, *arguments],
                cwd=self.folder, env=self.env, timeout_s=_COMMAND_S, output_cap=_CAP,
            )  # fmt: skip
        if done.timed_out or done.truncated:
            what = "did not answer in time" if done.timed_out else "answered without end"
            raise UnreachableIndexError(f"the package index {what} about {arguments[-1]}")
        return done

    async def _list(self, name: str) -> _Listing:
        """The releases of a package; raises where a place gave no clear answer and none has any."""
        done = await self._run("index", "versions", "-vv", "--pre", "--ignore-requires-python", "--", name)
        text = done.stdout.decode(errors="replace") + "\n" + done.stderr.decode(errors="replace")
        found = re.search(r"^Available versions: (.+)$", text, re.MULTILINE)
        if not done.returncode and found:
            versions = tuple(version.strip() for version in found[1].split(","))
            return _Listing(versions, _places(text))
        if not done.returncode or NOT_FOUND not in text:
            raise UnreachableIndexError(
                f"pip says neither that {name} is there nor that it is not: {_last(done)}"
            )
        places = _places(text)
        if reason := _silence(text, places):
            raise UnreachableIndexError(f"the package index cannot be asked about {name}: {reason}")
        return _Listing((), places, bool(_YANKED.search(text)), bool(_ELSEWHERE.search(text)))

    async def _report(self, wanted: str) -> dict[str, Any] | None:
        """What pip would install, with its metadata; None where nothing fits that needs no building."""
        done = await self._run(
            "install", "--dry-run", "--no-deps", "--ignore-installed", "--only-binary", ":all:", "--quiet",
            "--report", "-", "--", wanted.replace(" ", ""),
        )  # fmt: skip
        if done.returncode:
            if NOT_FOUND in _text(done):
                return None
            raise UnreachableIndexError(f"pip cannot tell what {wanted} would be: {_last(done)}")
        try:
            (entry,) = json.loads(done.stdout)["install"]
            metadata = entry["metadata"]
            report = {
                "metadata": {**metadata, "version": metadata["version"]},
                "is_yanked": bool(entry.get("is_yanked")),
                "origin": address(str(entry["download_info"]["url"])),
            }
        except (ValueError, KeyError, TypeError, RecursionError):
            raise UnreachableIndexError(f"pip's report about {wanted} cannot be read") from None
        if b"is a yanked version" in done.stderr:  # pip before 23.2 does not put it into the report
            report["is_yanked"] = True
        return report

    async def _old_enough(self, name: str) -> bool | None:
        """Whether a release was there on the day asked about; None where index or pip tell no dates."""
        if self.pip.version < TELLS_DATES:
            return None
        done = await self._run(
            "index", "versions", "--pre", "--ignore-requires-python",
            "--uploaded-prior-to", f"{self.since.isoformat()}T00:00:00Z", "--", name,
        )  # fmt: skip
        if not done.returncode:
            return True
        text = _text(done)
        if "no such option" in text or "upload-time" in text:
            return None
        if NOT_FOUND in text:
            return False
        raise UnreachableIndexError(f"pip cannot tell how old {name} is: {_last(done)}")


async def find_pip(python: Path) -> Pip:
    """The newer one of the environment's pip and ours; raises SetupError where there is none."""
    found = [(await _version(each), each) for each in dict.fromkeys([str(python), sys.executable])]
    version, chosen = max(found, key=lambda pair: pair[0])
    if version < OLDEST_PIP:
        raise SetupError(
            "pip is not there, or too old to ask a package index",
            hint=f"install pip {'.'.join(map(str, OLDEST_PIP))} or newer beside agent-gate or into the environment",
        )
    return Pip((chosen, "-I", "-m", "pip"), version)


async def _version(python: str) -> tuple[int, ...]:
    argv = [python, "-I", "-c", "import importlib.metadata as m; print(m.version('pip'))"]
    done = await process.run(argv, cwd=Path("/"), env=process.allowed_environment(), timeout_s=_COMMAND_S)
    found = re.match(r"\d+(?:\.\d+)*", done.stdout.decode(errors="replace"))
    return tuple(int(part) for part in found[0].split(".")) if found and not done.returncode else ()


def _text(done: process.Completed) -> str:
    return (done.stdout + b"\n" + done.stderr).decode(errors="replace")


def _last(done: process.Completed) -> str:
    return without_password(done.tail(1))[:300]


def _places(told: str) -> tuple[str, ...]:
    """The places that pip looked in, as it names them in its full report."""
    places = re.findall(r"^\* (\S+)$", told, re.MULTILINE)
    places += re.findall(r"^WARNING: Location '(\S+)' is ignored", told, re.MULTILINE)
    if not places:
        raise UnreachableIndexError("pip is configured to ask no index at all")
    return tuple(places)


def _silence(told: str, places: Iterable[str]) -> str:
    """Why not every place gave a clear answer: that it has no such page (404), or a page; empty where all did."""
    answered = set(re.findall(r"^Could not fetch URL (\S+): 404 ", told, re.MULTILINE))
    answered |= set(re.findall(r"^Fetched page (\S+) as ", told, re.MULTILINE))
    for place in places:
        if place not in answered and not _is_local(place):
            why = re.search(rf"^Could not fetch URL {re.escape(place)}: (.{{0,300}})", told, re.MULTILINE)
            reason = why[1] if why else "it gave no answer that pip understands"
            return without_password(f"{address(place)}: {reason}")
    return ""


def _is_local(place: str) -> bool:
    return "://" not in place or place.startswith("file:")


def _newest(versions: Iterable[str], specifier: str) -> str:
    """The newest version that fits, pre-releases included; empty where none does."""
    fitting: list[Version] = []
    for version in versions:
        try:
            if SpecifierSet(specifier).contains(version, prereleases=True):
                fitting.append(Version(version))
        except (InvalidVersion, InvalidSpecifier):
            continue
    return str(max(fitting, default=""))
