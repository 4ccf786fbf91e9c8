"""The command lines of a repository: those that it installs, and the modules that are run by their name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_gate.survey.found import ServiceFound
from agent_gate.survey.project_file import Command, commands_of
from agent_gate.survey.python_source import imported_modules
from agent_gate.survey.source_tree import SourceTree

_FRAMEWORKS = {
    "typer": "Typer", "cyclopts": "Cyclopts", "click": "Click", "rich_click": "Click", "cleo": "Cleo", "fire": "Fire",
    "docopt": "docopt", "argparse": "argparse",
}  # fmt: skip
"""The packages that read command lines; the first that is imported counts, as Typer brings Click."""
_MOST = 20


def command_lines(sources: SourceTree) -> Iterator[ServiceFound]:
    """The commands that the project installs; where it installs none, the modules that can be run."""
    installed = [
        _installed(sources, command)
        for _, command in zip(range(_MOST), commands_of(sources.tree), strict=False)
    ]
    yield from installed or list(_run_as_modules(sources))[:_MOST]


def _installed(sources: SourceTree, command: Command) -> ServiceFound:
    file = sources.file_of(command.module)
    framework = _framework(sources, file)
    line = 1
    if file:
        named = re.search(
            rf"^(?:async )?def {re.escape(command.function)}\b", sources.tree.text(file), re.MULTILINE
        )
        line = sources.tree.text(file).count("\n", 0, named.start()) + 1 if named else 1
    return ServiceFound(
        command.name, framework, command.name, "", file or command.path, line if file else command.line
    )


def _framework(sources: SourceTree, file: str) -> str:
    """What the file reads its command line with; else what the rest of its package does."""
    texts = [sources.tree.text(file)] if file else []
    if found := _read_with(texts):
        return found
    package = f"{file.rpartition('/')[0]}/" if "/" in file else ""
    near = [text for path, text in sources.files(*_FRAMEWORKS) if package and path.startswith(package)]
    return _read_with(near) or "script"


def _read_with(texts: list[str]) -> str:
    imported = {name.partition(".")[0] for text in texts for name in imported_modules(text)}
    return next((_FRAMEWORKS[name] for name in _FRAMEWORKS if name in imported), "")


def _run_as_modules(sources: SourceTree) -> Iterator[ServiceFound]:
    for path, text in sources.files("__main__", "argv", *_FRAMEWORKS):
        is_main = path.endswith("/__main__.py")
        guard = re.search(r"^if __name__ == [\"']__main__[\"']", text, re.MULTILINE)
        module = sources.module(path)
        framework = _read_with([text]) or (_framework(sources, path) if is_main else "")
        if module and framework and (guard or is_main):
            name = module.name.removesuffix(".__main__")
            start = f"python {path}" if module.folder else f"python -m {name}"
            line = text.count("\n", 0, guard.start()) + 1 if guard else 1
            yield ServiceFound(name.rpartition(".")[2], framework, start, "", path, line)
