"""Links, decisions, dependencies, and the tables of the other pages."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import get_args

from agent_gate.gating.catalog import PROJECT_GATES, load_catalog
from agent_gate.run import events
from agent_gate.sandbox.base import Limits

ROOT = Path(__file__).resolve().parents[2]
HEADINGS = (
    "## Context and Problem Statement",
    "## Decision Drivers",
    "## Considered Options",
    "## Decision Outcome",
    "### Consequences",
)


def decisions(pages: Mapping[str, str]) -> dict[str, str]:
    return {PurePosixPath(name).name: page for name, page in pages.items() if "/decisions/" in name}


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as a forge makes them."""
    headings = re.findall(r"^#+ (.+)$", page, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(pages: Mapping[str, str]) -> Iterator[str]:
    for name, page in pages.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", page):
            path, _, anchor = target.partition("#")
            if path.startswith("https://"):
                continue
            file = (ROOT / name).parent / path if path else ROOT / name
            if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
                yield f"{name}: {target}"


def test_links_lead_somewhere(pages: Mapping[str, str]) -> None:
    assert sum(page.count("](") for page in pages.values()) > 20
    assert list(broken_links(pages)) == []


def test_files_that_pages_name_exist(pages: Mapping[str, str]) -> None:
    """`gating/runner.py` in code means a file of the package or of the checkout."""
    named = {
        (name, path)
        for name, page in pages.items()
        for path in re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|toml|lock))`", page)
        if not path.startswith(".agent-gate/")
    }
    assert len(named) > 30
    assert not {
        (name, path)
        for name, path in named
        if not (ROOT / path).exists() and not (ROOT / "agent_gate" / path).exists()
    }


def test_decisions_have_the_headings_of_madr_in_their_order(pages: Mapping[str, str]) -> None:
    for name, page in decisions(pages).items():
        assert re.match(
            r"---\nstatus: (accepted|superseded by .+)\ndate: \d{4}-\d\d-\d\d\n---\n# \S", page
        ), name
        places = [page.find(f"\n{heading}\n") for heading in HEADINGS]
        assert -1 not in places, name
        assert places == sorted(places), name


def test_decisions_are_numbered_without_a_gap(pages: Mapping[str, str]) -> None:
    numbers = [int(name.partition("-")[0]) for name in sorted(decisions(pages))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 9


def test_every_dependency_has_a_line_under_its_heading(pages: Mapping[str, str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    _, run_time, development = re.split(r"^## .+$", pages["docs/dependencies.md"], flags=re.MULTILINE)
    for section, stated in (
        (run_time, project["project"]["dependencies"]),
        (development, project["dependency-groups"]["dev"]),
    ):
        listed = re.findall(r"^\| `([^`]+)` \|", section, flags=re.MULTILINE)
        assert listed == [re.match(r"[\w.-]+", requirement)[0] for requirement in stated]  # type: ignore[index]


def test_the_example_gate_is_one(pages: Mapping[str, str]) -> None:
    block = re.search(r"```toml\n(.*?)```", pages["docs/architecture.md"], flags=re.DOTALL)
    assert block
    catalog = load_catalog({f"{PROJECT_GATES}/complexity.toml": block[1].encode()})
    assert catalog["complexity"].tool == "ruff"


def test_every_event_of_the_journal_is_told(pages: Mapping[str, str]) -> None:
    union, _ = get_args(events.JournalEvent)
    kinds = {kind.__name__ for kind in get_args(union)}
    told = set(
        re.findall(r"`([A-Z][a-z]+[A-Z][A-Za-z]+|Parked|Rebased|Sealed)`", pages["docs/architecture.md"])
    )
    assert kinds - told == set()


def test_the_floors_are_those_that_are_held(pages: Mapping[str, str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    held = [re.findall(r"agent_gate\.(\w+)", layer) for layer in layers]
    block = re.search(r"## Floors.*?```text\n(.*?)```", pages["docs/architecture.md"], flags=re.DOTALL)
    assert block
    drawn = [re.split(r"\s{2,}", line)[0].split(" │ ") for line in block[1].splitlines()]
    assert drawn == held


def test_the_limits_of_the_sandbox(pages: Mapping[str, str]) -> None:
    listed = re.findall(r"^\| `(\w+)` \| (\d+) \|$", pages["docs/sandbox.md"], flags=re.MULTILINE)
    assert {name: int(value) for name, value in listed} == Limits().model_dump()
