"""Asks the registry that npm is configured for, by npm itself; nothing is installed."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from agent_gate import process
from agent_gate.errors import SetupError
from agent_gate.gating.dependencies.answer import Answer, UnreachableIndexError, name_by_lot
from agent_gate.gating.dependencies.requirement import Requirement, address, without_password

_COMMAND_S = 120.0
_CAP = 64 * 1024 * 1024
_PATIENCE = (
    "--json",
    "--no-update-notifier",
    "--fetch-retries=2",
    "--fetch-timeout=20000",
    "--prefer-online",
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class NpmIndex:
    """npm, and what it is asked with."""

    npm: str
    folder: Path
    """An empty folder: npm reads no configuration of the candidate's, nor of the folders above."""
    env: Mapping[str, str]
    slots: asyncio.Semaphore
    since: date
    """The day on which the first release of a new package has to have been there."""

    async def prove(self) -> frozenset[str]:
        """Asks for a name drawn by lot: the registry must say that it does not have it."""
        if await self._view(name_by_lot(), "name") is not None:
            raise UnreachableIndexError(
                "the npm registry says that a package exists whose name was drawn by lot"
            )
        done = await self._run("config", "get", "registry")
        told = done.stdout.decode(errors="replace").strip().strip('"')
        return frozenset({address(told)})

    async def ask(self, requirement: Requirement, *, is_new: bool) -> Answer:
        """Existence, releases and age, and what the version that would be installed is."""
        package = await self._view(requirement.name, "name", "versions", "time")
        if package is None:
            return Answer(requirement, exists=False, installable=False)
        released = package.get("versions", [])
        releases = released if isinstance(released, list) else [released]
        wanted = requirement.specifier or "latest"
        found = await self._view(f"{requirement.name}@{wanted}", "version", "license", "deprecated")
        fits = found or {}
        licence = fits.get("license")
        told = licence.get("type") if isinstance(licence, Mapping) else licence
        return Answer(
            requirement,
            exists=True,
            releases=len(releases),
            version=str(fits.get("version", "")),
            installable=bool(found),
            withdrawn=f"deprecated: {str(fits['deprecated'])[:200]}" if fits.get("deprecated") else "",
            licence=(str(told) if told else "") if found else None,
            old_enough=self._old_enough(package) if is_new else None,
        )

    def _old_enough(self, package: Mapping[str, Any]) -> bool | None:
        times = package.get("time")
        days = [str(t)[:10] for t in times.values()] if isinstance(times, Mapping) else []
        told = [day for day in days if _DAY.fullmatch(day)]
        return min(told) < self.since.isoformat() if told else None

    async def _run(self, *arguments: str) -> process.Completed:
        async with self.slots:
            done = await process.run(
                [self.npm, *arguments[:1], *_PATIENCE, f"--prefix={self.folder}", *arguments[1:]],
                cwd=self.folder, env=self.env, timeout_s=_COMMAND_S, output_cap=_CAP,
            )  # fmt: skip
        if done.timed_out or done.truncated:
            what = "did not answer in time" if done.timed_out else "answered without end"
            raise UnreachableIndexError(f"the npm registry {what} about {arguments[-1]}")
        return done

    async def _view(self, package: str, *fields: str) -> dict[str, Any] | None:
        """Fields of a package, or of the newest of its versions that fit; None where there is none."""
        done = await self._run("view", "--", package, *fields)
        try:
            told = json.loads(done.stdout) if done.stdout.strip() else {}
        except (ValueError, RecursionError):
            told = None
        if isinstance(told, list) and told:
            told = told[-1]  # npm lists versions in ascending order
        if isinstance(told, str) and len(fields) == 1:
            told = {fields[0]: told}
        if not isinstance(told, dict) or (not told and not done.returncode):
            raise UnreachableIndexError(f"npm's answer about {package} cannot be read")
        error = told.get("error")
        if not done.returncode and not error:
            return told
        code = error.get("code") if isinstance(error, dict) else ""
        if code == "E404":
            return None
        summary = str(error.get("summary") if isinstance(error, dict) else done.tail(1))
        raise UnreachableIndexError(
            without_password(
                f"the npm registry cannot be asked about {package}: {code or ''} {summary[:300]}"
            )
        )


def find_npm() -> str:
    """Npm on PATH; raises SetupError where it is not."""
    found = shutil.which("npm")
    if not found:
        raise SetupError(
            "npm is not there, so nobody can ask the registry about new packages",
            hint="install Node.js with npm, or let a person judge these dependencies",
        )
    return found
