"""Parsers of other packages: real distributions on the path of a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from gate_examples import PAGE

_ASK = """
import sys
sys.path[:0] = sys.argv[2:]
from agent_gate.errors import PolicyError
from agent_gate.gating.parsers import find_parser
from agent_gate.gating.parsers.report import ToolOutput
try:
    parse = find_parser(sys.argv[1])
    print("none" if parse is None else [(h.path, h.line, h.rule, h.message) for h in parse(ToolOutput(b"a.py|3|R1|bad")).hits])
except PolicyError as error:
    print("policy:", error.message)
except ValueError as error:
    print("output:", error)
print("imported" if "acme_gate" in sys.modules else "not imported")
"""
SHOWN = re.search(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
assert SHOWN
EXAMPLE = SHOWN[1]


def distribution(folder: Path, name: str, code: str, entry: str = "acme = acme_gate:parse") -> Path:
    """What an installer leaves behind: a module and the folder of its metadata."""
    site = folder / name
    metadata = site / f"{name}-1.2.dist-info"
    metadata.mkdir(parents=True)
    (site / "acme_gate.py").write_text(code)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text(f"[agent_gate.parsers]\n{entry}\n")
    return site


def ask(name: str, *sites: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _ASK, name, *map(str, sites)], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_the_parser_of_the_page_reads_what_it_says(tmp_path: Path) -> None:
    site = distribution(tmp_path, "acme-gate", EXAMPLE)
    assert ask("acme", site) == ["[('a.py', 3, 'R1', 'bad')]", "imported"]


def test_nothing_is_imported_that_is_not_named(tmp_path: Path) -> None:
    site = distribution(tmp_path, "acme-gate", EXAMPLE)
    assert ask("other", site) == ["none", "not imported"]


def test_a_built_in_name_cannot_be_taken(tmp_path: Path) -> None:
    site = distribution(tmp_path, "acme-gate", EXAMPLE, "ruff-json = acme_gate:parse")
    told, imported = ask("ruff-json", site)
    assert told.startswith("output: Expecting value")
    assert imported == "not imported"


@pytest.mark.parametrize(
    ("code", "entry", "told"),
    [
        ("raise RuntimeError('old')", "acme = acme_gate:parse",
         "policy: the parser 'acme' of acme-gate 1.2 cannot be loaded: RuntimeError: old"),
        ("", "acme = acme_gate:parse", "policy: the parser 'acme' of acme-gate 1.2 cannot be loaded: AttributeError"),
        ("", "acme = not_there:parse", "policy: the parser 'acme' of acme-gate 1.2 cannot be loaded: ModuleNotFound"),
        ("parse = 1", "acme = acme_gate:parse", "policy: the parser 'acme' of acme-gate 1.2 is no function"),
        ("def parse(output): return 1 / 0", "acme = acme_gate:parse",
         "output: the parser 'acme' of acme-gate 1.2 failed: ZeroDivisionError"),
        ("def parse(output): return []", "acme = acme_gate:parse",
         "output: the parser 'acme' of acme-gate 1.2 gave no report"),
    ],
)  # fmt: skip
def test_a_broken_one_is_named_with_its_package(tmp_path: Path, code: str, entry: str, told: str) -> None:
    assert ask("acme", distribution(tmp_path, "acme-gate", code, entry))[0].startswith(told)


def test_two_packages_cannot_share_a_name(tmp_path: Path) -> None:
    one, two = (distribution(tmp_path, name, EXAMPLE) for name in ("acme-gate", "zeta-gate"))
    told, imported = ask("acme", one, two)
    assert told == "policy: the parser 'acme' is offered by acme-gate 1.2 and by zeta-gate 1.2"
    assert imported == "not imported"
