"""Source that ends the process: a test run that dies with exit code 0 looks like one that passed.

A program may exit where programs do: under `if __name__ == "__main__"`, in `main`, in a command of click or
typer, in a module that parses the command line. `os._exit` and its kin are for nobody: they skip every
report that a test run would still write.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agent_gate.domain.gate import Level
from agent_gate.gating.integrity.assertions import is_raises
from agent_gate.gating.integrity.places import Place, located
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source, dotted

RULE = "process-exit"
_ABRUPT = frozenset({"os._exit", "posix._exit", "os.abort", "posix.abort", "_thread.interrupt_main"})
_REPLACING = frozenset(
    f"os.{name}" for name in ("execl", "execle", "execlp", "execlpe", "execv", "execve", "execvp", "execvpe")
)
_POLITE = frozenset(
    {"sys.exit", "exit", "quit", "builtins.exit", "builtins.quit", "SystemExit", "builtins.SystemExit"}
)
_SIGNALS = frozenset({"os.kill", "os.killpg", "signal.pthread_kill"})
_WORDS = frozenset(
    name.rpartition(".")[2] for name in (*_ABRUPT, *_REPLACING, *_POLITE, *_SIGNALS, "raise_signal")
)
"""A file with none of these ends no process."""
_CAUGHT = frozenset({"SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGQUIT", "SIGPIPE"})
_HARMLESS_SIGNALS = frozenset({"SIGSTOP", "SIGTSTP", "SIGCONT", "SIGWINCH", "SIGCHLD"})
_OWN_PROCESS = frozenset(
    {"os.getpid", "os.getppid", "os.getpgrp", "os.getpgid", "threading.get_ident", "os.getsid"}
)
_PARSERS = frozenset(
    {
        "argparse",
        "optparse",
        "getopt",
        "click",
        "typer",
        "docopt",
        "fire",
        "cleo",
        "cyclopts",
        "absl.app",
        "tap",
        "plac",
    }
)
_COMMANDS = frozenset({"command", "group", "callback", "main", "cli", "result_callback", "task", "session"})
_MAIN = frozenset(
    {
        "main",
        "_main",
        "cli",
        "_cli",
        "run_cli",
        "cli_main",
        "entry_point",
        "entrypoint",
        "console_main",
        "run_main",
    }
)


def source_signs(source: Source, *, is_program: bool, is_script: bool) -> Iterator[Sign]:
    """The exits in a file that is no test; `is_program`: its name says that people run it, `is_script`: that
    nobody imports it.
    """
    if not source.words & _WORDS:
        return
    own = _own_names(source)
    parses = is_program or any(
        target.split(".")[0] in _PARSERS or target in _PARSERS
        for targets in source.aliases.values()
        for target in targets
    )
    exiting: set[str] = set()
    for node, place in located(source):
        found = _exit(source, node, own)
        if found is None:
            continue
        name, abrupt = found
        exiting |= {function.name for function in place.functions}
        at_import = not (place.functions or place.is_main)
        if is_script and at_import and not abrupt:
            continue
        level = _level(source, node, place, abrupt=abrupt, parses=parses, is_program=is_program or is_script)
        if level is not None:
            yield _sign(source, node, name, level)
    if not is_script:
        yield from _exits_at_import(source, exiting)


def test_signs(source: Source) -> Iterator[Sign]:
    """In tests and conftest: only what would end the whole run."""
    if not source.words & _WORDS:
        return
    own = _own_names(source)
    for node, place in located(source):
        found = _exit(source, node, own)
        if found is None:
            if isinstance(node, ast.Call) and source.name(node.func) in {
                "pytest.exit",
                "_pytest.outcomes.exit",
            }:
                yield _sign(source, node, "pytest.exit", "ask")
            continue
        name, abrupt = found
        if isinstance(node, ast.Call) and _is_tested_signal(source, node, place):
            continue
        if (abrupt and not place.forks) or not (place.functions or place.is_main):
            yield _sign(source, node, name, "ask")


def _is_tested_signal(source: Source, node: ast.Call, place: Place) -> bool:
    """A signal that can be caught, which a test sends to itself and looks at what comes of it.

    Where nobody catches it the run dies, and says so; nothing turns green by it.
    """
    name = source.name(node.func)
    if not place.functions or name not in {*_SIGNALS, "signal.raise_signal"} or not node.args:
        return False
    sent = source.name(node.args[-1]).rpartition(".")[2]
    test = place.functions[0]
    return sent in _CAUGHT and any(
        (isinstance(each, ast.Assert) and each.lineno >= node.lineno)
        or (isinstance(each, ast.With) and any(is_raises(item.context_expr) for item in each.items))
        for each in ast.walk(test)
    )


def _sign(source: Source, node: ast.AST, name: str, level: Level) -> Sign:
    line = getattr(node, "lineno", 0)
    message = f"{name} ends the process here, and with it any test run: look at who calls this, and whether an error should be raised instead"
    return Sign(RULE, line, source.line(line), message, level, detail=name)


def _exit(source: Source, node: ast.AST, own: frozenset[str]) -> tuple[str, bool] | None:
    """What a node ends the process with, and whether that skips all cleaning up."""
    if isinstance(node, ast.Raise) and node.exc is not None:
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return ("raise SystemExit", False) if "SystemExit" in source.names(raised) else None
    if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
        return (
            None if isinstance(node, ast.Name) and node.id in own else _named(frozenset(source.names(node)))
        )
    return _called(source, node) if isinstance(node, ast.Call) else None


def _named(names: frozenset[str]) -> tuple[str, bool] | None:
    if names & (_ABRUPT | _REPLACING):
        return min(names & (_ABRUPT | _REPLACING)), True
    polite = {name for name in names & _POLITE if "SystemExit" not in name}
    return (min(polite), False) if polite else None


def _called(source: Source, node: ast.Call) -> tuple[str, bool] | None:
    name = source.name(node.func)
    if name == "signal.raise_signal":
        return name, True
    if (
        name in _SIGNALS
        and len(node.args) > 1
        and _ends(source, node.args[1])
        and _is_own_process(source, node.args[0])
    ):
        return f"{name} of the own process", True
    hidden = {"os._exit", "posix._exit"} & set(source.names(node))
    return ("os._exit", True) if hidden else None


def _ends(source: Source, signal: ast.expr) -> bool:
    """Whether a signal may end a process; 0 only asks whether it is there, some only stop it or tell it something."""
    if isinstance(signal, ast.Constant) and signal.value == 0:
        return False
    return source.name(signal).rpartition(".")[2] not in _HARMLESS_SIGNALS


def _is_own_process(source: Source, node: ast.expr) -> bool:
    """`os.getpid()`, a name that stands for nothing else, or 0, which is the own process group."""
    if isinstance(node, ast.Constant):
        return node.value == 0
    if isinstance(node, ast.Name):
        values = [
            each.value
            for each in source.nodes
            if isinstance(each, ast.Assign) and any(dotted(target) == node.id for target in each.targets)
        ]
        return bool(values) and all(_asks_own_process(source, value) for value in values)
    return _asks_own_process(source, node)


def _asks_own_process(source: Source, node: ast.expr) -> bool:
    return any(
        isinstance(each, ast.Call) and source.name(each.func) in _OWN_PROCESS for each in ast.walk(node)
    )


def _level(
    source: Source, node: ast.AST, place: Place, *, abrupt: bool, parses: bool, is_program: bool
) -> Level | None:
    """None where an exit is what programs do."""
    is_command = place.is_main or any(_is_command(source, function) for function in place.functions)
    if abrupt:
        return "ask" if place.forks or is_program or is_command else "block"
    if is_command or (is_program and place.functions):
        return None
    if not place.functions:
        return "ask" if place.is_version_check and not _is_success(place.calls.get(node)) else "block"
    if parses:
        return "ask" if _is_success(place.calls.get(node)) else None
    return "ask" if place.is_handler else "block"


def _is_success(call: ast.AST | None) -> bool:
    """Whether an exit says that all is well: no status, 0, None or False."""
    if not isinstance(call, ast.Call) or not (call.args or call.keywords):
        return True
    value = call.args[0] if call.args else call.keywords[0].value
    return isinstance(value, ast.Constant) and _reads_as_success(value.value)


def _reads_as_success(status: object) -> bool:
    """Only the last eight bits of a number reach the parent: 256 is 0."""
    return status is None or (isinstance(status, int) and status % 256 == 0)


def _is_command(source: Source, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    if function.name in _MAIN or function.name.endswith("_main"):
        return True
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if (source.name(called) or dotted(called)).rpartition(".")[2] in _COMMANDS:
            return True
    return False


def _exits_at_import(source: Source, exiting: set[str]) -> Iterator[Sign]:
    """A call, when the module is imported, of a function of its own that exits."""
    for node, place in located(source):
        if isinstance(node, ast.Call) and not place.functions and not place.is_main:
            name = dotted(node.func)
            if name in exiting and not place.is_decorator:
                yield _sign(source, node, f"{name}(), called on import,", "block")


def _own_names(source: Source) -> frozenset[str]:
    """Names that the module itself defines or binds, so that `exit` is not Python's."""
    found: set[str] = set()
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return frozenset(found & {"exit", "quit"})
