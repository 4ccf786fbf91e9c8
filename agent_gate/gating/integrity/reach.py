"""Which assertions a test reaches, and which can fail there: a walk over its statements in their order."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent_gate.gating.integrity.assertions import NEVER, Assertion, is_raises, of_assert, of_call, of_raises
from agent_gate.gating.integrity.constancy import ends, truth
from agent_gate.gating.integrity.places import Function
from agent_gate.gating.integrity.shapes import Shape, called_name, parameter, shape, short
from agent_gate.gating.integrity.source import dotted

_SWALLOWING = frozenset({"AssertionError", "Exception", "BaseException", "Failed", "failureException"})
_DEPTH = 3
"""So far are functions followed that a test calls."""
_STATEMENTS = 4000
"""Of one test, with all that it calls; what lies beyond counts as not reached."""


@dataclass(frozen=True)
class Scene:
    """What holds where a statement stands."""

    why_void: str = ""
    guards: frozenset[str] = frozenset()
    depth: int = 0
    visited: frozenset[str] = frozenset()


@dataclass
class Walk:
    """One test that is being read: its names so far, and what is left to spend."""

    helpers: Mapping[str, Function]
    names: dict[str, Shape]
    left: int = _STATEMENTS
    used: frozenset[str] = field(default_factory=frozenset)

    def block(self, body: list[ast.stmt], scene: Scene) -> Iterator[Assertion]:
        """The assertions of some statements; behind a return they are dead."""
        for statement in body:
            if self.left <= 0:
                return
            self.left -= 1
            yield from self.statement(statement, scene)
            if (
                isinstance(statement, ast.Return | ast.Raise | ast.Continue | ast.Break)
                and not scene.why_void
            ) or (isinstance(statement, ast.If) and truth(statement.test) is True and ends(statement.body)):
                scene = replace(scene, why_void="it stands behind a statement that leaves")

    def statement(self, node: ast.stmt, scene: Scene) -> Iterator[Assertion]:
        """The assertions of one statement and of all in it."""
        reader = _READERS.get(type(node))
        return reader(self, node, scene) if reader else iter(())

    def read_assert(self, node: ast.Assert, scene: Scene) -> Iterator[Assertion]:
        """`assert` itself."""
        return (self._placed(made, scene) for made in of_assert(node, self.names))

    def read_value(
        self, node: ast.Expr | ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return, scene: Scene
    ) -> Iterator[Assertion]:
        """A call that asserts; and what a name stands for from here on."""
        if node.value is not None:
            yield from self._calls(node.value, scene)
            if not isinstance(node, ast.Expr | ast.Return):
                self._bind_statement(node, node.value)

    def read_loop(self, node: ast.For | ast.AsyncFor | ast.While, scene: Scene) -> Iterator[Assertion]:
        """A loop, which may never run."""
        if isinstance(node, ast.While):
            condition, never = shape(node.test, self.names).text, truth(node.test) is False
        else:
            over = shape(node.iter, self.names)
            condition, never = f"each {over.text}", over.text in NEVER or over.text == "range(0, 0)"
            self._bind(node.target, _marked("each", over))
            if over.is_constant:
                condition = ""
        inside = _void(scene, "it stands in a loop that never runs") if never else scene
        if condition:
            inside = replace(inside, guards=inside.guards | {condition})
        yield from self.block(node.body, inside)
        yield from self.block(node.orelse, scene)

    def read_definition(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, scene: Scene
    ) -> Iterator[Assertion]:
        """A function in the test, which somebody has to call."""
        unused = node.name not in self.used and not node.decorator_list
        inside = _void(scene, f"it stands in {node.name!r}, which nobody calls") if unused else scene
        return self.block(node.body, inside)

    def read_match(self, node: ast.Match, scene: Scene) -> Iterator[Assertion]:
        """The cases of a `match`, each under its condition."""
        for case in node.cases:
            under = f"{shape(node.subject, self.names).text} is {shape(case.pattern, self.names).text}"
            yield from self.block(case.body, replace(scene, guards=scene.guards | {short(under)}))

    def _placed(self, made: Assertion, scene: Scene) -> Assertion:
        return replace(
            made, why_void=made.why_void or scene.why_void, guards=scene.guards, is_own=scene.depth == 0
        )

    def _calls(self, value: ast.expr, scene: Scene) -> Iterator[Assertion]:
        """A call that asserts, or that leads to a function which does."""
        if isinstance(value, ast.Await):
            value = value.value
        if not isinstance(value, ast.Call):
            return
        found = [self._placed(made, scene) for made in of_call(value, self.names)]
        yield from found
        name = called_name(value)
        helper = self.helpers.get(name)
        if helper is None or scene.depth >= _DEPTH or name in scene.visited:
            return
        inner = Walk(
            self.helpers, {**self.names, **_arguments(helper, value, self.names)}, self.left, _used(helper)
        )
        below = replace(scene, depth=scene.depth + 1, visited=scene.visited | {name})
        yield from inner.block(helper.body, below)
        self.left = inner.left

    def read_with(self, node: ast.With | ast.AsyncWith, scene: Scene) -> Iterator[Assertion]:
        """Contexts: some assert that something is raised, some swallow it."""
        for item in node.items:
            context = item.context_expr
            if isinstance(context, ast.Call) and is_raises(context):
                yield self._placed(of_raises(context, self.names), scene)
            else:
                yield from self._calls(context, scene)
            if isinstance(context, ast.Call) and (called_name(context) == "suppress" or is_raises(context)):
                caught = {dotted(argument).rpartition(".")[2] for argument in context.args}
                if caught & _SWALLOWING:
                    scene = _void(scene, "its failure is caught")
            if item.optional_vars is not None:
                self._bind(item.optional_vars, _marked("as", shape(context, self.names)))
        yield from self.block(node.body, scene)

    def read_if(self, node: ast.If, scene: Scene) -> Iterator[Assertion]:
        """Both branches, each under its condition."""
        tested = shape(node.test, self.names)
        condition, known = tested.text, truth(node.test)
        if known is None and tested.is_constant:
            known = condition not in NEVER
        under = replace(scene, guards=scene.guards | {condition})
        otherwise = replace(scene, guards=scene.guards | {f"not {condition}"})
        if known is False:
            under = _void(scene, "its condition is never true")
        if known is True:
            under, otherwise = scene, _void(scene, "its condition is never true")
        yield from self.block(node.body, under)
        yield from self.block(node.orelse, otherwise)

    def read_try(self, node: ast.Try | ast.TryStar, scene: Scene) -> Iterator[Assertion]:
        """What a handler may swallow."""
        swallows = any(_swallows(handler) for handler in node.handlers)
        yield from self.block(node.body, _void(scene, "its failure is caught") if swallows else scene)
        for handler in node.handlers:
            yield from self.block(handler.body, scene)
        yield from self.block(node.orelse, scene)
        yield from self.block(node.finalbody, scene)

    def _bind_statement(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign, assigned: ast.expr) -> None:
        value = shape(assigned, self.names)
        if isinstance(node, ast.AugAssign):
            value = _marked("changed", value)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            self._bind(target, value)

    def _bind(self, target: ast.expr, value: Shape) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            for index, item in enumerate(target.elts):
                self._bind(item, _marked(f"part {index}", value))
        elif isinstance(target, ast.Starred):
            self._bind(target.value, _marked("rest", value))


def reached(
    function: Function,
    helpers: Mapping[str, Function],
    constants: Mapping[str, Shape],
    parameters: frozenset[str],
) -> tuple[Assertion, ...]:
    """All assertions of a test, those of the functions that it calls among them.

    `constants` are the module's own; `parameters` are the names that a table of cases gives values to.
    """
    names = {**constants, **{name: parameter(name) for name in parameters}}
    walk = Walk(helpers, names, used=_used(function))
    return tuple(walk.block(function.body, Scene(visited=frozenset({function.name}))))


def _void(scene: Scene, why: str) -> Scene:
    return replace(scene, why_void=scene.why_void or why)


def _marked(what: str, value: Shape) -> Shape:
    return Shape(
        short(f"{what}:{value.text}"), short(f"{what}:{value.pattern}"), value.calls, value.constants
    )


def _arguments(helper: Function, call: ast.Call, names: Mapping[str, Shape]) -> dict[str, Shape]:
    """What the helper's parameters are bound to by this call."""
    parameters = [argument.arg for argument in (*helper.args.posonlyargs, *helper.args.args)]
    if parameters[:1] in (["self"], ["cls"]):
        parameters = parameters[1:]
    defaults = dict(zip(reversed(parameters), reversed(helper.args.defaults), strict=False))
    bound = {name: shape(value, {}) for name, value in defaults.items()}
    bound |= {name: shape(value, names) for name, value in zip(parameters, call.args, strict=False)}
    return bound | {k.arg: shape(k.value, names) for k in call.keywords if k.arg}


def _used(function: Function) -> frozenset[str]:
    """Names that are read anywhere in a function: a function in it that is never named is never called."""
    return frozenset(
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    )


def _swallows(handler: ast.ExceptHandler) -> bool:
    """Catches a failed assertion, and neither raises, fails nor asserts in its turn."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    if not any(each is None or dotted(each).rpartition(".")[2] in _SWALLOWING for each in caught):
        return False
    for node in ast.walk(handler):
        if isinstance(node, ast.Raise | ast.Assert) or (
            isinstance(node, ast.Call) and called_name(node) in {"fail", "exit"}
        ):
            return False
    return True


_READERS: Mapping[type[ast.stmt], Callable[[Walk, Any, Scene], Iterator[Assertion]]] = {
    ast.Assert: Walk.read_assert,
    ast.Expr: Walk.read_value,
    ast.Assign: Walk.read_value,
    ast.AnnAssign: Walk.read_value,
    ast.AugAssign: Walk.read_value,
    ast.Return: Walk.read_value,
    ast.With: Walk.read_with,
    ast.AsyncWith: Walk.read_with,
    ast.If: Walk.read_if,
    ast.For: Walk.read_loop,
    ast.AsyncFor: Walk.read_loop,
    ast.While: Walk.read_loop,
    ast.Try: Walk.read_try,
    ast.TryStar: Walk.read_try,
    ast.FunctionDef: Walk.read_definition,
    ast.AsyncFunctionDef: Walk.read_definition,
    ast.ClassDef: Walk.read_definition,
    ast.Match: Walk.read_match,
}
