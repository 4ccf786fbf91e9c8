"""Source that becomes another one on a day that is written in it.

Today's tests say nothing about it. A day that is given (an argument, a setting, a field) is what honest programs
compare with; days of the week, months and hours come round again and are tested.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from agent_gate.gating.integrity.given import Given, given_values, parts_of, whole
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source, dotted

RULE = "time-bomb"
_NOW = frozenset(
    {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime", "strftime", "ctime", "asctime"}
)
_CLOCKS = frozenset({
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today", "datetime.now",
    "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns", "time.localtime", "time.gmtime",
    "time.strftime", "time.ctime", "time.asctime", "pendulum.now", "pendulum.today", "arrow.now", "arrow.utcnow",
    "pandas.Timestamp.now", "pandas.Timestamp.today", "django.utils.timezone.now", "timezone.now",
})  # fmt: skip
_MAKING = frozenset({"datetime", "date", "fromisoformat", "strptime", "fromtimestamp", "utcfromtimestamp", "Timestamp", "parse", "struct_time", "mktime", "timegm", "fromordinal", "timestamp", "toordinal", "int", "float", "str", "timedelta", "replace", "isoformat"})  # fmt: skip
_RECURRING = frozenset({"hour", "minute", "second", "microsecond", "month", "day", "weekday", "isoweekday", "tm_hour", "tm_min", "tm_sec", "tm_mon", "tm_mday", "tm_wday"})  # fmt: skip
_EPOCH = 1_000_000_000
"""In seconds, September 2001: what a clock says is larger, what a duration says is not."""
_FIRST_YEAR, _LAST_YEAR = 1990, 9999


def signs(source: Source) -> Iterator[Sign]:
    """What stands in a file that is no test."""
    if source.words.isdisjoint(_NOW):
        return
    given = given_values(source)
    clocked = _clocked(source, given)
    for node in source.nodes:
        how, parts = _compared(node)
        if (
            parts
            and any(_may_be_late(part, clocked) for part in parts)
            and _goes_off(source, how, parts, given)
        ):
            yield _sign(source, node)


def _clocked(source: Source, given: Given) -> frozenset[str]:
    """The words by which a clock may be read: what it is called, and the names that are given what it says."""
    found = set(_NOW)
    for _ in range(3):
        found |= {
            name
            for name, values in given.items()
            if any(_may_be_late(value, frozenset(found)) for value in values)
        }
    return frozenset(found) | {name for name, targets in source.aliases.items() if set(targets) & _CLOCKS}


def _may_be_late(part: ast.expr, clocked: frozenset[str]) -> bool:
    return any(
        (isinstance(node, ast.Name) and node.id in clocked)
        or (isinstance(node, ast.Attribute) and (node.attr in clocked or dotted(node) in clocked))
        or (isinstance(node, ast.Call) and dotted(node.func) == "getattr")
        for node in ast.walk(part)
    )


def _compared(node: ast.AST) -> tuple[Sequence[ast.cmpop], Sequence[ast.expr]]:
    """What is compared, also by `min`, by `max` or by a division that comes to 0 before a day."""
    if isinstance(node, ast.Compare):
        return node.ops, (node.left, *node.comparators)
    if isinstance(node, ast.Call) and dotted(node.func) in {"min", "max"}:
        return (), node.args
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
        return (), (node.left, node.right)
    return (), ()


def _sign(source: Source, node: ast.AST) -> Sign:
    line = getattr(node, "lineno", 0)
    message = (
        "the clock is compared with a day that is written here: look at what happens then, and whether the day "
        "should be given from outside"
    )
    return Sign(RULE, line, source.line(line), message, detail=RULE)


def _goes_off(source: Source, how: Sequence[ast.cmpop], parts: Iterable[ast.expr], given: Given) -> bool:
    """One side is what the clock says, and the others are written days."""
    if not all(isinstance(op, _ORDER) for op in how):
        return False
    sides = [whole(part, given) for part in parts]
    clocks = [side for side in sides if _asks_the_clock(source, side, given)]
    others = [side for side in sides if not any(side is each for each in clocks)]
    if not clocks or not others:
        return False
    if any(_is_written(side, given, own=_is_plain(clocks[0])) for side in others):
        return True
    return all(isinstance(side, ast.Constant | ast.Call) for side in others) and any(
        _holds_day(side, given) for side in clocks
    )


_ORDER = ast.Lt | ast.LtE | ast.Gt | ast.GtE | ast.Eq | ast.NotEq | ast.In | ast.NotIn


def _asks_the_clock(source: Source, node: ast.expr, given: Given) -> bool:
    """A call of a clock, of which something is taken that does not come round again."""
    if isinstance(node, ast.Attribute) and node.attr in _RECURRING:
        return False
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _RECURRING:
        return False
    if isinstance(node, ast.Subscript) and dotted(node.value):
        return False  # something that is kept, perhaps beside a time
    parts = list(parts_of(node, given))
    return any(isinstance(each, ast.Call) and set(source.names(each.func)) & _CLOCKS for each in parts)


def _is_plain(node: ast.expr) -> bool:
    """The clock's own number, or its year: not what is left when something is taken from it."""
    return not any(isinstance(each, ast.BinOp) for each in ast.walk(node))


def _is_written(node: ast.expr, given: Given, *, own: bool) -> bool:
    """A day of constants; `own`: a bare number or text counts, since it is compared with the clock itself."""
    if isinstance(node, ast.Constant):
        return own and _is_day(node.value)
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return own and any(isinstance(item, ast.Constant) and _is_day(item.value) for item in node.elts)
    return _is_made(node, given)


def _holds_day(node: ast.expr, given: Given) -> bool:
    """`(date.today() - date(2027, 1, 1)).days > 0`: a written day in what the clock is reckoned with."""
    return any(
        _is_made(side, given) or (isinstance(side, ast.Constant) and _is_day(side.value))
        for each in parts_of(node, given)
        if isinstance(each, ast.BinOp)
        for side in (whole(each.left, given), whole(each.right, given))
    )


def _is_made(node: ast.expr, given: Given) -> bool:
    """`datetime(2027, 1, 1)`, `date.fromisoformat("2027-01-01")`: made of constants, a year among them."""
    if not isinstance(node, ast.Call):
        return False
    if (dotted(node.func).rpartition(".")[2] or getattr(node.func, "attr", "")) not in _MAKING:
        return False
    parts = [
        part for each in (*node.args, *(k.value for k in node.keywords)) for part in parts_of(each, given)
    ]
    parts += list(parts_of(node.func, given))
    return any(isinstance(part, ast.Constant) and _is_day(part.value) for part in parts)


def _is_day(value: object) -> bool:
    """A year, seconds since 1970, or a text that begins with a year."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return _FIRST_YEAR <= value <= _LAST_YEAR or value >= _EPOCH
    if isinstance(value, str):
        digits = value.lstrip()[:4]
        return digits.isdecimal() and digits.isascii() and len(digits) == 4 and int(digits) >= _FIRST_YEAR
    return False
