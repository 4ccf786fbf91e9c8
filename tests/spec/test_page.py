"""docs/spec-lint.md explains every code, with a bad and a good example. Both are run."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest
from ruamel.yaml import YAML

from agent_gate.spec.codes import CODES, is_error
from agent_gate.spec.lint import Review, review_spec
from agent_gate.spec.surroundings import Surroundings
from agent_gate.survey.work_tree import WorkTree

PAGE = (Path(__file__).parents[2] / "docs" / "spec-lint.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```yaml *(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^### (\w+)\n(.*?)(?=^#|\Z)", re.MULTILINE | re.DOTALL)
REPOSITORY = {
    "shop/orders.py": "def order(number):\n    return number\n",
    "shop/db.py": "import psycopg\n",
    "tests/test_orders.py": "def test_number():\n    assert True\n",
    "tests/conftest.py": "",
    "conftest.py": "",
}


class Example(NamedTuple):
    code: str
    kind: str
    text: str


BASE = next(m[2] for m in _BLOCK.finditer(PAGE) if "schema:" in m[2])
EXAMPLES = [
    Example(section[1], block[1], block[2])
    for section in _SECTION.finditer(PAGE)
    for block in _BLOCK.finditer(section[2])
]


@pytest.fixture
def surroundings(tmp_path: Path) -> Surroundings:
    for name, content in REPOSITORY.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return Surroundings(WorkTree(tmp_path))


def laid_over(text: str) -> bytes:
    """The base spec with the example's sections in the place of its own, as text: an example may be no YAML."""
    names = set(re.findall(r"^(\w+):", text, re.MULTILINE))
    kept = [
        block
        for block in re.split(r"^(?=\w)", BASE, flags=re.MULTILINE)
        if block.partition(":")[0] not in names
    ]
    return "".join([*kept, text]).encode()


def review(text: str, surroundings: Surroundings) -> Review:
    return review_spec(laid_over(text), "spec.yaml", surroundings)


def test_the_base_of_the_examples_is_clean(surroundings: Surroundings) -> None:
    assert review("", surroundings).remarks == ()


def test_every_code_is_explained_and_no_other() -> None:
    assert [section[1] for section in _SECTION.finditer(PAGE)] == list(
        dict.fromkeys(e.code for e in EXAMPLES)
    )
    assert {example.code for example in EXAMPLES} == set(CODES)
    for code in CODES:
        assert {example.kind for example in EXAMPLES if example.code == code} == {"bad", "good"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: f"{e.code}-{e.kind}")
def test_an_example_is_what_it_says(example: Example, surroundings: Surroundings) -> None:
    said = review(example.text, surroundings)
    if example.kind == "bad":
        assert example.code in {remark.code for remark in said.remarks}
    else:
        assert said.remarks == ()


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.kind == "bad"], ids=lambda e: e.code)
def test_a_bad_example_is_bad_for_one_reason(example: Example, surroundings: Surroundings) -> None:
    said = {remark.code for remark in review(example.text, surroundings).remarks}
    assert len(said) == 1 or example.code in {"SP10", "RI01"}, said


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.kind == "bad"], ids=lambda e: e.code)
def test_a_remark_has_a_place_and_says_what_to_write(example: Example, surroundings: Surroundings) -> None:
    text = laid_over(example.text).decode().splitlines()
    for remark in review(example.text, surroundings).remarks:
        assert 0 < remark.place.line <= len(text)
        assert 0 < remark.place.column <= len(text[remark.place.line - 1]) + 1
        assert remark.hint
        assert remark.message


@pytest.mark.parametrize(
    "example", [e for e in EXAMPLES if e.kind == "bad" and not is_error(e.code) and e.code != "NA02"], ids=lambda e: e.code
)  # fmt: skip
def test_a_question_is_silenced_by_its_code_and_a_reason(
    example: Example, surroundings: Surroundings
) -> None:
    yaml = YAML()
    document = yaml.load(laid_over(example.text).decode())
    document["not_applicable"][example.code] = "there is a reason for that"
    out = StringIO()
    yaml.dump(document, out)
    said = review_spec(out.getvalue().encode(), "spec.yaml", surroundings)
    assert example.code not in {remark.code for remark in said.remarks}
    assert said.silenced
