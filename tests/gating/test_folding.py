"""What constants spell, and that nothing hostile costs much."""

from __future__ import annotations

import ast
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_gate.gating.folding import Folded, fold_texts, puts_together, spelled_texts

WORD = "PYTEST_CURRENT_TEST"


def spelled(text: str) -> list[str]:
    tree = ast.parse(text)
    fold_texts(tree)
    return [node.value for node in ast.walk(tree) if isinstance(node, Folded) and isinstance(node.value, str)]


@pytest.mark.parametrize(
    "expression",
    [
        "'PYTEST' + '_CURRENT' + '_TEST'",
        "'PYTEST_' 'CURRENT' + '_TEST'",
        'f\'{"PYTEST"}_CURRENT_{"TEST"}\'',
        "'_'.join(['PYTEST', 'CURRENT', 'TEST'])",
        "'_'.join(('PYTEST', 'CURRENT', 'TEST'))",
        "str.join('_', ['PYTEST', 'CURRENT', 'TEST'])",
        "'%s_%s_TEST' % ('PYTEST', 'CURRENT')",
        "'PYTEST_%s_TEST' % 'CURRENT'",
        "'{}_{}_TEST'.format('PYTEST', 'CURRENT')",
        "'{1}_{0}_TEST'.format('CURRENT', 'PYTEST')",
        "'TSET_TNERRUC_TSETYP'[::-1]",
        "'xxPYTEST_CURRENT_TESTxx'[2:-2]",
        "''.join(reversed('TSET_TNERRUC_TSETYP'))",
        "'pytest_current_test'.upper()",
        "'PYTEST-CURRENT-TEST'.replace('-', '_')",
        "' PYTEST_CURRENT_TEST '.strip()",
        "'a PYTEST_CURRENT_TEST b'.split(' ')[1]",
        "b'PYTEST_CURRENT_TEST'.decode()",
        "str(b'PYTEST_CURRENT_TEST', 'ascii')",
        "bytes.fromhex('5059544553545f43555252454e545f54455354').decode()",
        "bytes([80, 89]).decode() + 'TEST_CURRENT_TEST'",
        "base64.b64decode('UFlURVNUX0NVUlJFTlRfVEVTVA==').decode()",
        "b64decode(b'UFlURVNUX0NVUlJFTlRfVEVTVA==').decode('utf-8')",
        "binascii.unhexlify('5059544553545f43555252454e545f54455354').decode()",
        "codecs.decode('CLGRFG_PHEERAG_GRFG', 'rot13')",
        "chr(80) + chr(80 + 9) + 'TEST_CURRENT_TEST'",
        "''.join(chr(c ^ 1) for c in b'QXUDRU^BTSSDOU^UDRU')",
        "''.join([chr(c - 1) for c in [81, 90]]) + 'TEST_CURRENT_TEST'",
        "''.join(map(chr, [80, 89])) + 'TEST_CURRENT_TEST'",
        "''.join(c for c in 'PYTEST_CURRENT_TEST')",
        "('PYTEST_', 'CURRENT_TEST')[0] + 'CURRENT_TEST'",
        "'PYTEST_CURRENT_TEST' * 1",
    ],
)
def test_a_text_of_constants_is_one_text(expression: str) -> None:
    assert spelled(f"x = {expression}\n") == [WORD]
    assert puts_together(tuple(ast.walk(ast.parse(f"x = {expression}\n"))))


def test_names_that_stand_for_one_constant() -> None:
    text = "A = 'PYTEST'\nB: str = A + '_CURRENT'\n\n\ndef f():\n    return f'{B}_TEST'\n"
    assert WORD in spelled(text)
    for other in (
        "A = 'OTHER'\n",
        "def A(): ...\n",
        "def g(A): ...\n",
        "import A\n",
        "for A in b: ...\n",
        "del A\n",
    ):
        assert WORD not in spelled(text + other)


@pytest.mark.parametrize(
    "expression",
    [
        "'a' + b",
        "f'{b}'",
        "'a'.join(b)",
        "'%s' % b",
        "1 + 2",
        "b.decode()",
        "chr(b)",
        "f('a')",
        "'a'.join(['a', b])",
        "'abc'[b]",
        "'abc'[9]",
        "'%d' % 'a'",
        "chr(-1)",
        "'a' * 10**9",
        "'%99999999s' % 'a'",
        "'{:99999999}'.format('a')",
        "'{0.__class__}'.format('a')",
        "f'{\"a\":>99999999}'",
        "'a'.zfill(99999999)",
        "'a'.replace('', 'b' * 4000) * 4000",
        "str([['a'] * 4000] * 4000)",
        "'x'.join(['a' * 4000] * 4000)",
        "open('a').read()",
        "eval('\"a\"')",
        "__import__('os').name",
        "'a'.encode('idna')[0]",
        "bytes(10**9).decode()",
        "int('9' * 4000)",
    ],
)
def test_everything_else_stays_as_it_is(expression: str) -> None:
    assert WORD not in spelled(f"x = {expression}\n")
    assert all(len(text) <= 4096 for text in spelled(f"x = {expression}\n"))


def test_what_stands_in_the_tree_is_the_largest_expression_at_its_place() -> None:
    tree = ast.parse("x = 1\ny = f('a' + 'b' + 'c')\n")
    assert fold_texts(tree) == (1, True)
    (node,) = [node for node in ast.walk(tree) if isinstance(node, Folded)]
    assert (node.value, node.lineno, node.col_offset) == ("abc", 2, 6)
    assert [text for _, text in spelled_texts(ast.parse("x = 'a' + 'b'\ny = 'c'\n"))] == ["c", "ab"]


def test_too_much_is_said() -> None:
    line = "x = ''.join(chr(c) for c in b'" + "a" * 4000 + "')\n"
    tree = ast.parse(line * 80)
    assert not fold_texts(tree).is_whole
    assert puts_together(tuple(ast.walk(ast.parse(line * 80))))


EXPRESSIONS = st.recursive(
    st.sampled_from(
        ["'a'", "'%s'", "'{}'", "b'ab'", "1", "-1", "99", "x", "''", "b'\\xff'", "True", "None", "1.5"]
    ),
    lambda inner: st.one_of(
        st.builds("({} + {})".format, inner, inner),
        st.builds("({} * {})".format, inner, inner),
        st.builds("({} % {})".format, inner, inner),
        st.builds("({} // {})".format, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}[{}:{}]".format, inner, inner, inner),
        st.builds("''.join({})".format, inner),
        st.builds("({}).join([{}])".format, inner, inner),
        st.builds("({}).format({})".format, inner, inner),
        st.builds("({}).replace({}, {})".format, inner, inner, inner),
        st.builds("({}).split({})".format, inner, inner),
        st.builds("({}).decode()".format, inner),
        st.builds("({}).encode({})".format, inner, inner),
        st.builds("chr({})".format, inner),
        st.builds("str({})".format, inner),
        st.builds("bytes({})".format, inner),
        st.builds("int({})".format, inner),
        st.builds("sorted({})".format, inner),
        st.builds("b64decode({})".format, inner),
        st.builds("codecs.decode({}, 'hex')".format, inner),
        st.builds("''.join(c for c in {})".format, inner),
        st.builds("[c + {} for c in {}]".format, inner, inner),
        st.builds("list(map(ord, {}))".format, inner),
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=300)
@given(EXPRESSIONS)
def test_what_is_spelled_is_what_python_makes_of_it(expression: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(f"y = {expression}\n")
        fold_texts(tree)
        value = tree.body[0].value  # type: ignore[attr-defined]
        if isinstance(value, Folded):
            import base64
            import codecs

            names = {"b64decode": base64.b64decode, "codecs": codecs}
            made = eval(expression, names)
            assert value.value == made
