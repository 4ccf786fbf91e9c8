"""Specs with one fault each: exit 2, the code, the line, a hint, in under a second, never a traceback.

`specs/expected.tsv` says for each file what must be found; nothing else may be.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from program import agent_gate
from repositories import MakeRepository
from small_project import FILES

from agent_gate.spec.codes import CODES, is_error
from agent_gate.spec.document import MAX_BYTES
from agent_gate.spec.lint import Review, review_spec
from agent_gate.spec.surroundings import Surroundings

SPECS = Path(__file__).with_name("specs")
NOWHERE = Surroundings(None)


class Fault(NamedTuple):
    """What is wrong with one file."""

    file: str
    code: str
    line: int
    field: str


def _faults() -> list[Fault]:
    rows = (SPECS / "expected.tsv").read_text(encoding="utf-8").splitlines()[1:]
    cells = (row.split("\t") for row in rows)
    return [Fault(file, code, int(line), field) for file, code, line, field in cells]


FAULTS = _faults()
NASTY = (
    "bom-in-the-middle.yaml",
    "cyclic-alias.yaml",
    "deep-lists.yaml",
    "empty.yaml",
    "escaped-bidi-in-an-id.yaml",
    "latin-1.yaml",
    "lone-surrogate-escape.yaml",
    "nul-byte.yaml",
    "python-object-tag.yaml",
    "unclosed-double-quote.yaml",
    "utf-16.yaml",
    "yaml-bomb-of-aliases.yaml",
)


def reviewed(data: bytes) -> Review:
    """The review, after it was shown to come quickly."""
    begun = time.process_time()
    review = review_spec(data, "s.yaml", NOWHERE)
    assert time.process_time() - begun < 1
    return review


def test_every_file_has_its_row() -> None:
    assert sorted(fault.file for fault in FAULTS) == sorted(path.name for path in SPECS.glob("*.yaml"))
    assert len(FAULTS) >= 110


def test_every_code_of_an_error_has_its_file() -> None:
    assert {fault.code for fault in FAULTS} == {code for code in CODES if is_error(code)}


def test_the_program_finds_each_fault_and_no_other() -> None:
    done = agent_gate(SPECS, "spec", "check", "--format", "json", *(fault.file for fault in FAULTS))
    assert (done.returncode, done.stderr) == (2, "")
    told = json.loads(done.stdout)["specs"]
    found = [
        [Fault(spec["path"], r["code"], r["line"], r["field"]) for r in spec["remarks"] if r["level"] == "error"]
        for spec in told
    ]  # fmt: skip
    assert found == [[fault] for fault in FAULTS]
    silent = [(spec["path"], r["code"]) for spec in told for r in spec["remarks"] if not r["hint"]]
    assert silent == []


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.file for fault in FAULTS])
def test_each_is_found_in_under_a_second(fault: Fault) -> None:
    (error,) = reviewed((SPECS / fault.file).read_bytes()).errors
    assert len(error.message) + len(error.hint) + len(error.field) < 1_000


@pytest.mark.parametrize("file", NASTY)
def test_alone_each_is_told_to_a_person(file: str) -> None:
    fault = next(fault for fault in FAULTS if fault.file == file)
    done = agent_gate(SPECS, "spec", "check", file)
    assert done.returncode == 2
    assert f"{file}:{fault.line}:" in done.stdout
    assert fault.code in done.stdout
    assert done.stderr == ""
    assert all(line.isprintable() for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    "file",
    [
        "date-read-as-date.yaml",
        "latin-1.yaml",
        "misspelt-key.yaml",
        "missing-verifier.yaml",
        "unquoted-manual.yaml",
        "yaml-bomb-of-aliases.yaml",
    ],
)
def test_a_run_refuses_it_with_the_same_words(make_repository: MakeRepository, file: str) -> None:
    fault = next(fault for fault in FAULTS if fault.file == file)
    path = SPECS / file
    (error,) = reviewed(path.read_bytes()).errors
    done = agent_gate(make_repository(FILES).root, "run", str(path), "--no-input")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{path}:{fault.line}: " in done.stderr
    for words in (error.field, error.message, error.hint):
        assert words in " ".join(done.stderr.split())


GOOD = (SPECS / "unknown-key.yaml").read_text().replace("colour: red\n", "")
CLAUSE = f"{GOOD}load:\n  - id: LOAD-1\n    stimulus: x\n    verified_by: [load]\n    expect:"


def test_the_base_of_the_large_ones_is_a_spec() -> None:
    assert reviewed(GOOD.encode()).errors == ()
    assert reviewed(f"{CLAUSE} ['lost == 0']\n".encode()).errors == ()


def items(count: int, item: Callable[[int], str]) -> str:
    """So many items of a list, each on its line."""
    return "\n" + "".join(f"      - {item(number)}\n" for number in range(count))


LARGE: dict[str, tuple[str, str, int]] = {
    "10 MB of comments": (GOOD + "# a comment\n" * 900_000, "YA02", 0),
    "10 MB of bytes": (GOOD + "\0" * 10_000_000, "YA02", 0),
    "a mebibyte of empty lines": ("\n" * (MAX_BYTES - 8) + "- a\n", "YA01", MAX_BYTES - 7),
    "a mebibyte in one flow list": (GOOD + "context: [" + "a,\n " * 250_000 + "]\n", "YA02", 4990),
    "a mebibyte of opened brackets": (GOOD + "context:\n" + " [\n" * 340_000, "YA02", 29),
    "a mebibyte of question marks": (GOOD + "? \n" * 300_000, "YA03", 9),
    "a mebibyte of quoted text, never closed": (GOOD + "context: ['" + "a\n  " * 200_000, "YA01", 8),
    "a name of a mebibyte": (GOOD + "? |\n" + ("  " + "x" * 9_000 + "\n") * 110 + ": 1\n", "YA02", 8),
    "thousands of unknown fields": ("".join(f"path{n}: 1\n" for n in range(2_400)), "SP01", 1),
    "thousands of clauses with one id": (GOOD + "acceptance:\n" + "  - {id: A-1, statement: x, verified_by: [load]}\n" * 600, "SP05", 10),
    "a measure, a verifier of a mebibyte": (CLAUSE.replace("[load]", "\n      - |\n" + ("        " + "x" * 9_000 + "\n") * 110) + " ['lost == 0']\n", "VE02", 12),
    "a measure that ends in spaces": (CLAUSE + " ['lost == 0" + " " * 9_900 + "x']\n", "ME02", 12),
    "a measure with a million spaces": (CLAUSE + "\n      - |\n        lost == 0\n" + ("        " + " " * 9_000 + "\n") * 110 + "        x\n", "ME02", 13),
    "a pattern of a million brackets": (GOOD.replace("[shop]", "\n    - |\n" + ("      " + "[" * 9_000 + "\n") * 110), "SP06", 8),
    "thousands of measures": (CLAUSE + items(4_900, lambda n: f'"p95 == {n} ms"') + "colour: red\n", "SP01", 4913),
    "thousands of verifiers": (CLAUSE.replace("[load]", items(4_900, lambda n: f'"manual: not {n}"')[:-1]) + " ['lost == 0']\ncolour: red\n", "SP01", 4913),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_a_large_one_takes_no_longer(name: str) -> None:
    text, code, line = LARGE[name]
    error = reviewed(text.encode()).errors[0]
    assert (error.code, error.place.line) == (code, line)
    assert error.hint
    assert len(error.message) + len(error.field) < 1_000


def test_of_a_very_large_file_only_the_beginning_is_read(tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_text(LARGE["10 MB of comments"][0])
    done = agent_gate(tmp_path, "spec", "check", "large.yaml")
    assert done.returncode == 2
    assert "large.yaml: YA02 larger than 1 MiB" in done.stdout
