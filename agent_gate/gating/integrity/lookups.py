"""Source that gives written answers without a look at the question: by a digest of it, or one after another.

No literal of a test stands there, so it asks whatever the tests are. A check of a digest that only says whether
it is right, a table of names, a cycle of colours pass.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source, dotted, text_of
from agent_gate.gating.integrity.special_cases import RULE, is_literal

_HASHES = frozenset({"hash", "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "blake2s", "crc32", "adler32", "hexdigest", "digest", "new", "sha3_256", "id"})  # fmt: skip
_DIGESTS = _HASHES - {"new", "id"}
_READERS = frozenset({"json.loads", "json.load", "tomllib.loads", "tomllib.load", "pickle.loads", "pickle.load", "yaml.safe_load", "ast.literal_eval"})  # fmt: skip


def signs(source: Source) -> Iterator[Sign]:
    """Answers that are looked up by a number made of the arguments, and canned ones, which wait for their turn."""
    tables = _known_tables(source)
    stocks = _stocks(source)
    counters = _counters(source)
    if not (tables or stocks or counters or _may_derive(source)):
        return
    for function in source.nodes:
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        arguments = function.args
        parameters = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        made = _made_of(function, parameters)
        counted = _counted(function, counters)
        for node in ast.walk(function):
            if isinstance(node, ast.Compare) and (name := _count(node, counted, counters)):
                message = f"what happens depends on how often {name!r} was counted on: look at what happens after the last test"
                yield Sign(RULE, node.lineno, source.line(node.lineno), message, detail="a count of calls")
            if what := _derived(node, tables, parameters, made) or _canned(node, stocks):
                line = getattr(node, "lineno", 0)
                message = f"{what}: look at whether this works for inputs that no test has"
                yield Sign(RULE, line, source.line(line), message, detail=what)


def _may_derive(source: Source) -> bool:
    """Whether there is anything in the file out of which these rules are made; most files have none of it."""
    if source.words & _DIGESTS:
        return True
    return any(
        isinstance(node, ast.Global | ast.Nonlocal)
        or (
            isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute) and _is_one(node.value)
        )
        or (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Dict))
        or (isinstance(node, ast.Compare) and isinstance(node.left, ast.BinOp))
        for node in source.nodes
    )


def _known_tables(source: Source) -> frozenset[str]:
    """Names of tables that hold what is written: literals, and what is read from a file of data."""
    found: set[str] = set()
    for node in source.tree.body:
        if not (isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None):
            continue
        value = node.value
        is_table = isinstance(value, ast.Dict) and bool(value.keys) and all(map(is_literal, value.values))
        is_read = isinstance(value, ast.Call) and bool(set(source.names(value.func)) & _READERS)
        if is_table or is_read:
            found |= {dotted(t) for t in (node.targets if isinstance(node, ast.Assign) else [node.target])}
    return frozenset(found - {""})


def _stocks(source: Source) -> frozenset[str]:
    """Names of iterators and lists of written values, at the top of the module."""
    found: set[str] = set()
    for node in source.tree.body:
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call | ast.List)):
            continue
        value: ast.expr = node.value
        for _ in range(2):
            if (
                isinstance(value, ast.Call)
                and len(value.args) == 1
                and dotted(value.func).rpartition(".")[2] in {"iter", "deque", "list", "reversed"}
            ):
                value = value.args[0]
        if isinstance(value, ast.List | ast.Tuple) and value.elts and is_literal(value):
            found |= {dotted(target) for target in node.targets}
    return frozenset(found - {""})


def _counters(source: Source) -> frozenset[str]:
    """`_CALLS = itertools.count()` at the top of the module."""
    return frozenset(
        dotted(target)
        for node in source.tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        and "itertools.count" in source.names(node.value.func)
        for target in node.targets
    )  # fmt: skip


def _counted(function: ast.FunctionDef | ast.AsyncFunctionDef, counters: frozenset[str]) -> frozenset[str]:
    """What a function counts that outlives its call, and names for what a counter says."""
    shared = {
        name
        for node in ast.walk(function)
        if isinstance(node, ast.Global | ast.Nonlocal)
        for name in node.names
    }
    found = {
        dotted(node.target)
        for node in ast.walk(function)
        if isinstance(node, ast.AugAssign) and _is_one(node.value)
    } & (shared | {f"{function.name}.{attribute}" for attribute in ("calls", "count", "n")})
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and _takes(node.value, counters):
            found |= {dotted(target) for target in node.targets}
        elif (
            isinstance(node, ast.AugAssign)
            and dotted(node.target).partition(".")[0] == function.name
            and _is_one(node.value)
        ):
            found.add(dotted(node.target))
    return frozenset(found - {""})


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1


def _takes(node: ast.expr, counters: frozenset[str]) -> bool:
    return (
        isinstance(node, ast.Call)
        and dotted(node.func) == "next"
        and bool(node.args)
        and dotted(node.args[0]) in counters
    )


def _count(node: ast.Compare, counted: frozenset[str], counters: frozenset[str]) -> str:
    """A count that is compared with a written number of some size: the first time is nothing special."""
    sides = [node.left, *node.comparators]
    large = any(isinstance(s, ast.Constant) and isinstance(s.value, int) and abs(s.value) > 1 for s in sides)
    for side in sides if large else ():
        if dotted(side) in counted:
            return dotted(side)
        if _takes(side, counters):
            return dotted(side.args[0]) if isinstance(side, ast.Call) else ""
    return ""


def _canned(node: ast.AST, stocks: frozenset[str]) -> str:
    """`next(_ANSWERS)`, `_ANSWERS.pop(0)`."""
    if not isinstance(node, ast.Call):
        return ""
    taken = dotted(node.func) == "next" and bool(node.args) and dotted(node.args[0]) in stocks
    if isinstance(node.func, ast.Attribute) and node.func.attr in {"pop", "popleft"}:
        taken = taken or dotted(node.func.value) in stocks
    return "written answers are given one after another" if taken else ""


def _made_of(function: ast.FunctionDef | ast.AsyncFunctionDef, parameters: set[str]) -> dict[str, ast.expr]:
    """Local names and what they are given."""
    return {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id not in parameters
    }


def _derived(
    node: ast.AST, tables: frozenset[str], parameters: set[str], made: Mapping[str, ast.expr]
) -> str:
    """`{99: 1}.get((a * 7 + b * 53) % 101, a + b)`, `if sha256(…).hexdigest() == "…": return 3`."""
    what = "the answer is looked up by a number that is made of the arguments"
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"get", "pop"}
    ):
        owner = node.func.value
        is_table = dotted(owner) in tables or (
            isinstance(owner, ast.Dict) and bool(owner.keys) and all(map(is_literal, owner.values))
        )
        if is_table and len(node.args) == 2 and not is_literal(node.args[1]):
            return what if _is_digest(node.args[0], parameters, made) else ""
    elif isinstance(node, ast.If | ast.IfExp):
        test = node.test
        answer = node.body if isinstance(node, ast.IfExp) else _returned(node.body)
        if (
            isinstance(test, ast.Compare)
            and len(test.ops) == 1
            and answer is not None
            and _is_answer(answer, tables)
        ):
            left, right = test.left, test.comparators[0]
            if isinstance(test.ops[0], ast.In):
                known = dotted(right) in tables or is_literal(right)
                return what if known and _is_digest(left, parameters, made) else ""
            for one, other in ((left, right), (right, left)):
                if (
                    isinstance(test.ops[0], ast.Eq)
                    and is_literal(other)
                    and _is_digest(one, parameters, made)
                ):
                    return what
    return ""


def _returned(body: Sequence[ast.stmt]) -> ast.expr | None:
    return body[0].value if isinstance(body[0], ast.Return) else None


def _is_answer(node: ast.expr, tables: frozenset[str]) -> bool:
    """A written value, or one out of a table; whether something is true is the answer to a question of identity."""
    if isinstance(node, ast.Subscript):
        return dotted(node.value) in tables or isinstance(node.value, ast.Dict)
    return is_literal(node) and not (
        isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))
    )


def _is_digest(node: ast.expr, parameters: set[str], made: Mapping[str, ast.expr]) -> bool:
    """A number or text in which the arguments can no longer be seen: a hash of them, or a sum with factors."""
    if isinstance(node, ast.Name) and node.id in made:
        node = made[node.id]
    about = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} & parameters
    if not about:
        return False
    called = {
        (dotted(each.func).rpartition(".")[2] or getattr(each.func, "attr", ""))
        for each in ast.walk(node) if isinstance(each, ast.Call)
    }  # fmt: skip
    if called & _HASHES:
        return True
    numbers = sum(isinstance(each, ast.Constant) and isinstance(each.value, int) for each in ast.walk(node))
    mixes = sum(isinstance(each, ast.BinOp) for each in ast.walk(node))
    return len(about) > 1 and mixes > 1 and numbers > 0 and text_of(node) is None
