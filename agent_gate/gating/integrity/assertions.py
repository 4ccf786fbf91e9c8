"""What one assertion claims, whoever makes it: `assert`, unittest, pytest's raises, a mock's own checks."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from agent_gate.gating.integrity.constancy import truth
from agent_gate.gating.integrity.shapes import NOTHING, Bindings, Shape, called_name, shape

_COMPARISONS = {ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}  # fmt: skip
_OPPOSITE = {"==": "!=", "!=": "==", "is": "is not", "is not": "is", "in": "not in", "not in": "in", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "true": "false", "false": "true"}  # fmt: skip
_TWO = {
    "Equal": "==", "Equals": "==", "NotEqual": "!=", "NotEquals": "!=", "Is": "is", "IsNot": "is not", "In": "in",
    "NotIn": "not in", "Less": "<", "LessEqual": "<=", "Greater": ">", "GreaterEqual": ">=", "ListEqual": "==",
    "TupleEqual": "==", "DictEqual": "==", "SetEqual": "==", "SequenceEqual": "==", "MultiLineEqual": "==",
    "IsInstance": "isinstance", "NotIsInstance": "not isinstance",
}  # fmt: skip
_ONE = {"True": "true", "False": "false", "_": "true", "IsNone": "is", "IsNotNone": "is not"}
_RAISES = frozenset({"raises", "assertRaises", "assertRaisesRegex", "assertRaisesMessage", "warns", "assertWarns", "assertWarnsRegex", "deprecated_call", "assertLogs", "RaisesGroup"})  # fmt: skip
_TRUE, _SAME = "it is always true", "it compares something with itself"
ALWAYS = frozenset({_TRUE, _SAME})
"""Why an assertion can never fail, whatever surrounds it."""
_PLAIN = re.compile(r"[\w =:,'\"/<>!@#%&;~`-]{4,}")
_OPTIONAL = frozenset("|?*{\\([")
"""What a pattern needs to match without a part of its own text."""
NEVER = frozenset({"0", "0.0", "None", "False", "''", "b''", "Tuple()", "List()", "Set()", "[Dict]", "set()", "dict()", "list()", "tuple()"})  # fmt: skip
"""The shapes of constants that are false."""


@dataclass(frozen=True)
class Assertion:
    """One claim, and where it stands."""

    form: str
    """A comparison, `true`, `false`, `isinstance`, `raises`, or `call` for checks that are somebody else's."""
    subject: Shape
    operand: Shape
    raw: str
    """As it is written, local names and all."""
    line: int
    end_line: int
    why_void: str = ""
    """Why it can never fail; empty where it can."""
    guards: frozenset[str] = frozenset()
    """The conditions under which it is reached."""
    is_own: bool = True
    """It stands in the test itself, not in a function that the test calls."""

    @property
    def text(self) -> str:
        """What is claimed; equal for two ways to write the same."""
        sides = [self.subject.text, self.operand.text]
        if self.form in {"==", "!=", "is", "is not"}:
            sides.sort()
        return f"{self.form} {sides[0]} {sides[1]}"

    @property
    def pattern(self) -> str:
        """The same without the constants."""
        sides = [self.subject.pattern, self.operand.pattern]
        if self.form in {"==", "!=", "is", "is not"}:
            sides.sort()
        return f"{self.form} {sides[0]} {sides[1]}"

    @property
    def constants(self) -> frozenset[str]:
        """All literals that it is made of."""
        return self.subject.constants | self.operand.constants

    @property
    def calls(self) -> frozenset[str]:
        """The names that are called for it."""
        return self.subject.calls | self.operand.calls


def of_assert(node: ast.Assert, names: Bindings) -> Iterator[Assertion]:
    """The claims of an `assert` statement; those of an `and` are claims of their own."""
    yield from _claims(node.test, node, names)


def of_call(node: ast.Call, names: Bindings) -> Iterator[Assertion]:
    """The claim of a call such as `self.assertEqual(a, b)`, `check.assert_called_once()`, `pytest.raises(X, f)`."""
    name = called_name(node)
    kind = name.removeprefix("assert")
    if name in _RAISES:
        yield of_raises(node, names)
    elif name.startswith("assert") and kind in _TWO and len(node.args) >= 2:
        yield from _made(_TWO[kind], node.args[0], node.args[1], node, names)
    elif name.startswith("assert") and kind in _ONE and node.args:
        if kind.startswith("Is"):
            yield from _made(_ONE[kind], node.args[0], ast.Constant(None), node, names)
        else:
            yield from _claims(node.args[0], node, names, negated=kind == "False")
    elif name == "fail" or not name.lower().startswith(("assert", "expect", "verify", "check_", "ensure")):
        return
    else:
        yield Assertion("call", shape(node, names), NOTHING, shape(node, {}).text, node.lineno, _end(node))


def of_raises(node: ast.Call, names: Bindings) -> Assertion:
    """That something is raised: the exception, and what its message must match."""
    match = next((k.value for k in node.keywords if k.arg in {"match", "expected_regex"}), None)
    if (
        match is None
        and called_name(node) in {"assertRaisesRegex", "assertRaisesMessage", "assertWarnsRegex"}
        and len(node.args) > 1
    ):
        match = node.args[1]
    first = node.args[0] if node.args else None
    return Assertion(
        "raises", shape(first, names), shape(match, names), shape(node, {}).text, node.lineno, _end(node)
    )


def is_raises(node: ast.expr) -> bool:
    """Whether an expression says that something must be raised, or warned about."""
    return isinstance(node, ast.Call) and called_name(node) in _RAISES


def implies(new: Assertion, old: Assertion) -> bool:
    """Whether the new claim holds at most where the old one did: it was kept, or made stricter."""
    if new.why_void:
        return False
    if new.form == "raises" and old.form == "raises":
        kept = not old.operand.text or _matches_less(new.operand, old.operand)
        return kept and (
            new.subject.text == old.subject.text or _is_narrower(new.subject.text, old.subject.text)
        )
    if new.subject.text == old.subject.text:
        return _implies_about_the_same(new, old)
    if new.form == "is" and old.form in {"==", "is"} and new.subject.text == old.operand.text:
        return new.operand.text == old.subject.text
    equal = new.form == "==" and old.form == "in" and new.subject.text == old.operand.text
    return equal and old.subject.is_constant and old.subject.text.strip("'\"") in new.operand.text


def _implies_about_the_same(new: Assertion, old: Assertion) -> bool:
    exact = new.form in {"==", "is"} and new.operand.is_constant
    if old.form == "true":
        return (exact and new.operand.text not in NEVER) or new.form == "isinstance"
    if old.form == "false":
        return exact and new.operand.text in NEVER
    if old.form == "is not" and old.operand.text == "None":
        return (exact and new.operand.text != "None") or new.form in {"isinstance", "true"}
    if old.form in {"==", "is"} and new.form == "is":
        return new.operand.text == old.operand.text
    if old.form == "!=" and exact:
        return old.operand.is_constant and new.operand.text != old.operand.text
    return False


def _matches_less(new: Shape, old: Shape) -> bool:
    """Whether a message that fits the new pattern fits the old one: the same, or plain text with more around it."""
    if new.text == old.text:
        return True
    words = old.text.strip("'\"")
    more = new.text.strip("'\"")
    return (
        old.is_constant
        and new.is_constant
        and _PLAIN.fullmatch(words) is not None
        and not _OPTIONAL & set(more)
        and words in more
    )


def _is_narrower(new: str, old: str) -> bool:
    narrow, wide = getattr(builtins, new, None), getattr(builtins, old, None)
    return isinstance(narrow, type) and isinstance(wide, type) and issubclass(narrow, wide)


def _claims(
    test: ast.expr, node: ast.stmt | ast.expr, names: Bindings, *, negated: bool = False
) -> Iterator[Assertion]:
    always = truth(test)
    if always is not None and always is not negated:
        said = shape(test, names)
        yield Assertion("true", said, NOTHING, shape(test, {}).text, node.lineno, _end(node), _TRUE)
    elif isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) and not negated:
        for value in test.values:
            yield from _claims(value, node, names)
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _claims(test.operand, node, names, negated=not negated)
    elif isinstance(test, ast.Compare) and len(test.ops) == 1:
        form = _COMPARISONS[type(test.ops[0])]
        yield from _made(_OPPOSITE[form] if negated else form, test.left, test.comparators[0], node, names)
    elif isinstance(test, ast.Call) and called_name(test) == "isinstance" and len(test.args) == 2:
        kind = "not isinstance" if negated else "isinstance"
        yield from _made(kind, test.args[0], test.args[1], node, names)
    else:
        form = "false" if negated else "true"
        yield Assertion(form, shape(test, names), NOTHING, shape(test, {}).text, node.lineno, _end(node))


def _made(
    form: str, left: ast.expr, right: ast.expr, node: ast.stmt | ast.expr, names: Bindings
) -> Iterator[Assertion]:
    subject, operand = shape(left, names), shape(right, names)
    raw = f"{form} {shape(left, {}).text} {shape(right, {}).text}"
    if subject.is_constant and not operand.is_constant and form in {"==", "!=", "is", "is not"}:
        subject, operand = operand, subject
    if form == "==" and operand.text in {"True", "False"} and operand.is_constant:
        form = "is"  # written so, it means the same in a test
    made = Assertion(form, subject, operand, raw, node.lineno, _end(node))
    itself = subject.text == operand.text and (subject.is_constant or shape(left, {}) == shape(right, {}))
    is_void = itself and form in {"==", "is", ">=", "<="} and not made.calls
    if is_void and form == "is" and isinstance(left, ast.Attribute | ast.Subscript):
        is_void = False  # each look-up may make another object: a test of that is one
    yield replace(made, why_void=_SAME) if is_void else made


def _end(node: ast.stmt | ast.expr) -> int:
    return node.end_lineno or node.lineno
