from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from spec_files import CLAUSE, GOOD

from agent_gate.domain.performance import LoadClause, SeededData
from agent_gate.domain.spec import Spec
from agent_gate.errors import SpecError
from agent_gate.spec.document import MAX_BYTES
from agent_gate.spec.reader import parse_spec, read_spec

CONTRACT = Path(__file__).parents[1] / "golden" / "contract_spec.yaml"


def read(text: str | bytes) -> Spec:
    return parse_spec(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"), "s.yaml")


def problem(text: str | bytes) -> SpecError:
    """The error, after it was shown to come quickly."""
    begun = time.process_time()
    with pytest.raises(SpecError) as caught:
        read(text)
    assert time.process_time() - begun < 1
    return caught.value


class TestTheContractsExample:
    def test_it_is_read_clause_by_clause(self) -> None:
        spec = read_spec(CONTRACT)
        assert (spec.id, spec.risk, spec.title) == ("orders-once", "standard", "Create an order once")
        assert [c.id for c in spec.clauses] == [
            "LOAD-1",
            "LAT-1",
            "FAIL-1",
            "SEC-1",
            "ACC-1",
            "OPS-1",
            "DEC-1",
        ]
        assert spec.goal == "POST /orders stores an order once, however often the client retries."
        assert spec.paths.permits("shop/orders.py")
        assert not spec.paths.permits("shop/payments/card.py")
        (load,) = spec.load
        assert isinstance(load, LoadClause)
        assert (str(load.rate), str(load.for_)) == ("50/s", "20s")
        assert load.data == SeededData(seed="python seed.py", rows=100000)
        assert load.request
        assert load.request.json_ == {"sku": "a1", "quantity": 1}
        assert spec.services["db"].port == 5432
        assert [str(v) for v in spec.clauses[-1].verified_by] == [
            "manual: the lock is taken before the balance is read"
        ]

    def test_it_keeps_its_digest_through_json(self) -> None:
        spec = read_spec(CONTRACT)
        again = Spec.model_validate(spec.model_dump(mode="json", by_alias=True))
        assert (again, again.digest) == (spec, spec.digest)

    @pytest.mark.parametrize("old", ["rate: 50/s ", "verified_by: [load]\n"])
    def test_the_variants_that_its_comments_name_are_read_too(self, old: str) -> None:
        new = {
            "rate: 50/s ": "simultaneous: 50 ",
            "verified_by: [load]\n": 'verified_by: ["load:LOAD-1", fault]\n',
        }[old]
        text = CONTRACT.read_text()
        assert text.count(old) == 1
        assert read(text.replace(old, new)).id == "orders-once"


class TestYaml:
    @pytest.mark.parametrize(
        "word", ["no", "yes", "on", "off", "Norway", "2020-01-01", "1.2.3", "0x1F", ".inf", "=", "<<"]
    )
    def test_words_stay_words(self, word: str) -> None:
        assert read(GOOD.replace("Do it.", word)).goal == word

    @pytest.mark.parametrize("text", ["true", "5", "5.5", "~", "null", "''"])
    def test_what_is_no_word_is_no_goal(self, text: str) -> None:
        error = problem(GOOD.replace("Do it.", text))
        assert (error.line, error.field) == (4, "goal")

    def test_a_mark_of_byte_order_and_foreign_line_ends_do_no_harm(self) -> None:
        assert read(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()) == read(GOOD)

    def test_a_document_may_be_marked(self) -> None:
        assert read(f"%YAML 1.2\n---\n{GOOD}...\n") == read(GOOD)

    def test_the_order_of_fields_does_not_count(self) -> None:
        assert (
            read("".join(reversed(GOOD.splitlines(keepends=True)[:5])) + "paths: {allow: [shop]}").digest
            == read(GOOD).digest
        )

    def test_free_tables_hold_plain_data(self) -> None:
        spec = read(
            f"{CLAUSE}    request: {{path: /, json: {{port: 5432, ratio: 0.5, up: true, none: ~, on: off, huge: 1{'0' * 40}}}}}"
        )
        assert spec.load[0].request
        assert spec.load[0].request.json_ == {
            "port": 5432, "ratio": 0.5, "up": True, "none": None, "on": "off", "huge": "1" + "0" * 40,
        }  # fmt: skip


def changed(old: str, new: str, text: str = GOOD) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


MALFORMED: list[tuple[str, str | bytes, int, str]] = [
    ("empty", "", 1, ""),
    ("only a comment", "# nothing\n", 1, ""),
    ("a word", "spec", 1, ""),
    ("a list", "- a\n", 1, ""),
    ("a null", "~", 1, ""),
    ("an unknown field", f"{GOOD}colour: red\n", 8, "colour"),
    ("an unknown field of a clause", f"{CLAUSE}    speed: 5\n", 13, "load[0].speed"),
    ("a missing field", changed("title: A change\n", ""), 1, "title"),
    ("a missing field of a clause", changed("    stimulus: fifty orders a second\n", "", CLAUSE), 9, "load[0].stimulus"),
    ("a clause without a verifier", changed("    verified_by: [load]\n", "", CLAUSE), 9, "load[0].verified_by"),
    ("no verifiers", changed("verified_by: [load]", "verified_by: []", CLAUSE), 11, "load[0].verified_by"),
    ("an unknown verifier", changed("[load]", "[hope]", CLAUSE), 11, "load[0].verified_by[0]"),
    ("a verifier without its target", changed("[load]", "[pytest]", CLAUSE), 11, "load[0].verified_by[0]"),
    ("an unquoted verifier", changed("[load]", "[manual: look]", CLAUSE), 11, "load[0].verified_by[0]"),
    ("a number as verifier", changed("[load]", "[5]", CLAUSE), 11, "load[0].verified_by[0]"),
    ("a text as verifiers", changed("[load]", "load", CLAUSE), 11, "load[0].verified_by"),
    ("another schema", changed("spec/v1", "spec/v2"), 1, "schema"),
    ("an id with capitals", changed("a-change", "A-Change"), 2, "id"),
    ("an id with a newline", changed("id: a-change", 'id: "a\\nb"'), 2, "id"),
    ("a clause id in small letters", changed("LOAD-1", "load-1", CLAUSE), 9, "load[0].id"),
    ("a title of two lines", changed("title: A change", 'title: "two\\nlines"'), 3, "title"),
    ("an empty goal", changed("goal: Do it.", "goal: ' '"), 4, "goal"),
    ("no as a risk", changed("trivial", "no"), 5, "risk"),
    ("a list as a risk", changed("trivial", "[trivial]"), 5, "risk"),
    ("paths as a list", changed("paths:\n  allow: [shop]", "paths: [shop]"), 6, "paths"),
    ("no path at all", changed("[shop]", "[]"), 7, "paths.allow"),
    ("a text as paths", changed("[shop]", "shop"), 7, "paths.allow"),
    ("an absolute path", changed("[shop]", "[/etc/passwd]"), 7, "paths.allow[0]"),
    ("a path out of the repository", changed("[shop]", "[a, ../b]"), 7, "paths.allow[1]"),
    ("a clause as a mapping", f"{GOOD}load: {{id: LOAD-1}}\n", 8, "load"),
    ("a clause as a word", f"{GOOD}load: [fast]\n", 8, "load[0]"),
    ("a rate without a unit", f"{CLAUSE}    rate: 50\n", 13, "load[0].rate"),
    ("a quoted rate without a unit", f"{CLAUSE}    rate: '50'\n", 13, "load[0].rate"),
    ("a time without a unit", f"{CLAUSE}    for: 20\n", 13, "load[0].for"),
    ("a date as a time", f"{CLAUSE}    for: 2020-01-01\n", 13, "load[0].for"),
    ("a word as a number", f"{CLAUSE}    simultaneous: many\n", 13, "load[0].simultaneous"),
    ("rate and simultaneous", f"{CLAUSE}    rate: 5/s\n    simultaneous: 5\n", 14, "load[0].simultaneous"),
    ("a measure without a unit", changed("error_rate <= 0.1 %", "p95 <= 50", CLAUSE), 12, "load[0].expect[0]"),
    ("a measure with another's unit", changed("error_rate <= 0.1 %", "p95 <= 50 MB", CLAUSE), 12, "load[0].expect[0]"),
    ("a number as a measure", changed('"error_rate <= 0.1 %"', "5", CLAUSE), 12, "load[0].expect[0]"),
    ("a doubled clause id", f"{CLAUSE}  - {{id: LOAD-1, stimulus: x, verified_by: [load], expect: ['lost == 0']}}\n", 13, "load[1].id"),
    ("an unanswered section", changed("trivial", "standard"), 1, "load"),
    ("a section waived and answered", f"{changed('trivial', 'standard', CLAUSE)}not_applicable: {{load: x}}\n", 13, "not_applicable.load"),
    ("a waiver without a reason", f"{GOOD}not_applicable:\n  load:\n", 9, "not_applicable.load"),
    ("a waiver of what cannot be", f"{GOOD}not_applicable: {{goal: x}}\n", 8, "not_applicable.goal"),
    ("a wrong stride", f"{GOOD}security:\n  - {{id: S-1, threat: x, response: y, stride: [X], verified_by: ['ruff:S1']}}\n", 9, "security[0].stride[0]"),
    ("a wrong cwe", f"{GOOD}security:\n  - {{id: S-1, threat: x, response: y, cwe: [89], verified_by: ['ruff:S1']}}\n", 9, "security[0].cwe[0]"),
    ("a field twice", f"{GOOD}title: Again\n", 8, "title"),
    ("a field of a table twice", f"{GOOD}services: {{db: {{a: 1, a: 2}}}}\n", 8, "services.db.a"),
    ("a tab", f"{GOOD}context:\n\t- a\n", 9, ""),
    ("bad indentation", f"{GOOD}context:\n  - a\n - b\n", 10, ""),
    ("an open bracket", f"{GOOD}context: [a\n", 8, ""),
    ("an open quote", f"{GOOD}context: ['a]\n", 8, ""),
    ("a colon in a text", changed("Do it.", "Do it: now"), 4, ""),
    ("not UTF-8", f"{GOOD}context: [".encode() + b"\xff]\n", 8, ""),
    ("UTF-16", GOOD.encode("utf-16"), 1, ""),
    ("a NUL", changed("Do it.", "Do\0it"), 4, ""),
    ("an escaped NUL", changed("Do it.", '"Do\\0it"'), 4, "goal"),
    ("an escape sequence", changed("Do it.", '"Do \\e[2J it"'), 4, "goal"),
    ("half a character", changed("Do it.", '"\\ud800"'), 4, ""),
    ("half a character in a free table", f'{GOOD}services: {{db: {{a: "\\udc00"}}}}\n', 8, ""),
    ("half a character as a key", f'{GOOD}services: {{db: {{"\\udc00": 1}}}}\n', 8, ""),
    ("an anchor", changed("Do it.", "&g Do it."), 4, "goal"),
    ("an alias", f"{GOOD}context: *c\n", 8, "context"),
    ("a cyclic alias", f"{GOOD}context: &c [*c]\n", 8, "context"),
    ("a merge key", f"{GOOD}<<: {{title: x}}\n", 8, "<<"),
    ("a tag", changed("Do it.", "!!str Do it."), 4, "goal"),
    ("a tag of its own", changed("[shop]", "!own [shop]"), 7, "paths.allow"),
    ("a python tag", f"{GOOD}services: !!python/object/apply:os.system {{a: {{}}}}\n", 8, "services"),
    ("a binary tag", f"{GOOD}services: {{a: {{b: !!binary aGk=}}}}\n", 8, "services.a.b"),
    ("an empty tag", changed("Do it.", "! Do it."), 4, "goal"),
    ("an older YAML", f"%YAML 1.1\n---\n{GOOD}", 1, ""),
    ("a directive", f"%TAG ! tag:own,2000:\n---\n{GOOD}", 1, ""),
    ("two documents", f"{GOOD}---\n{GOOD}", 8, ""),
    ("a list as a key", f"{GOOD}? [a]\n: b\n", 8, ""),
    ("deep nesting", f"{GOOD}services: {'{a: ' * 30}{'}' * 30}\n", 8, "services"),
    ("very deep nesting", "a: " + "[" * 9_000, 1, "a"),
    ("a bomb of lists", f"{GOOD}services: {{a: {{b: [\n" + "[[[[]]]],\n" * 20_000 + "]}}\n", 1253, "services"),
    ("many fields", "".join(f"k{n}: 1\n" for n in range(20_000)), 2500, "k2499"),
    ("one long line", f"{GOOD}context: [{'!' * 900_000}]\n", 8, ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "field"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED]
)
def test_a_malformed_spec_is_an_error_at_its_line_and_field(text: str | bytes, line: int, field: str) -> None:
    error = problem(text)
    assert (error.line, error.field) == (line, field)
    assert str(error).startswith(f"s.yaml:{line}: {field}")
    assert str(error).isprintable() or "\nhint: " in str(error)


def test_what_is_larger_than_a_mebibyte_is_not_even_read() -> None:
    error = problem(GOOD.encode() + b"#" * MAX_BYTES)
    assert (error.line, error.message) == (0, "s.yaml: larger than 1 MiB")


def test_a_spec_of_just_a_mebibyte_is_read() -> None:
    line = f"  {'word ' * 200}\n"
    text = changed("goal: Do it.\n", "goal: |\n" + line * 1040)
    assert MAX_BYTES - 8192 < len(text) < MAX_BYTES
    assert len(read(text).goal) > 1_000_000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{CLAUSE}    rate: 50\n", "50/s"),
        (changed("[load]", "[manual: look]", CLAUSE), '"manual: look"'),
        (changed("error_rate <= 0.1 %", "p95 <= 50", CLAUSE), "us or ms or s"),
        (changed("[load]", "[pytest]", CLAUSE), "pytest:tests/test_orders.py::test_same_key"),
        (changed("trivial", "standard"), "not_applicable"),
        (changed("a-change", "A"), "orders-once"),
    ],
)
def test_the_message_says_what_to_write_instead(text: str, words: str) -> None:
    assert words in str(problem(text))


class TestReading:
    @pytest.mark.parametrize("name", ["missing.yaml", ".", "a\0b"])
    def test_a_file_that_cannot_be_opened_is_an_error(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(SpecError):
            read_spec(tmp_path / name)

    def test_the_message_names_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "spec.yaml"
        path.write_text(f"{GOOD}colour: red\n")
        with pytest.raises(SpecError, match=f"{path}:8: colour: there is no such field"):
            read_spec(path)


PIECES = st.sampled_from(
    [*GOOD.splitlines(keepends=True), "load:\n", "  - ", "id: ", "[", "]", "{", "}", "&a ", "*a", "!!x ", "|\n", ">", "'", '"', "\\", "? ", ": ", "#", "%", "---\n", "...\n", "\t", "~", "5", "\n", " ", "\x00", "\u2028", "<<"]
)  # fmt: skip


@settings(max_examples=250, deadline=None)
@example(b'"\\U0011FFFF"')
@example(b"%YAML 1.2 \n--- |9\n")
@given(
    st.binary(max_size=60)
    | st.text(max_size=60).map(str.encode)
    | st.lists(PIECES, max_size=12).map("".join).map(str.encode)
)
def test_whatever_stands_there_gives_a_spec_or_its_error(data: bytes) -> None:
    try:
        assert read(data).digest
    except SpecError as error:
        assert error.line > 0  # noqa: PT017 - both ends are right


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(CONTRACT.read_bytes()) - 1), st.binary(max_size=3), st.integers(0, 3))
def test_a_damaged_example_gives_a_spec_or_its_error(position: int, new: bytes, dropped: int) -> None:
    data = CONTRACT.read_bytes()
    try:
        assert read(data[:position] + new + data[position + dropped :]).digest
    except SpecError as error:
        assert error.line > 0  # noqa: PT017 - both ends are right
