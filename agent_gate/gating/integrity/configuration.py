"""Changes of what configures the judges: tools, tests, CI, hooks.

The gates run with the base's configuration, so an edit changes nothing today; it does from the next change on.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from agent_gate.domain.pattern import matches
from agent_gate.domain.visible import quoted
from agent_gate.gating.integrity.change import Change, Pair
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.tables import Changed, changed_values

RULE = "configuration"
_NAMED = 4
_SHOWN = 12
_TABLES = {
    "pyproject.toml": "toml", "setup.cfg": "ini", "tox.ini": "ini", "package.json": "json", ".coveragerc": "ini",
    "pytest.ini": "ini", ".pytest.ini": "ini", "mypy.ini": "ini", ".mypy.ini": "ini", ".flake8": "ini",
}  # fmt: skip
_WEAKENING = re.compile(
    r"continue-on-error:\s*['\"]?(?!false)|allow_failure:\s*['\"]?true|\|\|\s*(?:true|:|exit\s+0)\b|\|\|\s*:|\bexit\s+0\b|--exit-zero\b"
    r"|\bset\s+\+e\b|\bif:\s*['\"]?(?:false|\$\{\{\s*false)|pull_request_target|permissions:\s*write-all|--no-verify\b|--allow-failures?\b"
    r"|fail_ci_if_error:\s*false|soft_fail:\s*true|continueOnError:\s*true|ignore_errors:\s*true",
    re.IGNORECASE,
)
"""Ways to let a step fail and go on, or to run other people's code with one's own rights."""
_STEERING = re.compile(r"\b(?:PYTEST_(?:ADDOPTS|PLUGINS|DISABLE_PLUGIN_AUTOLOAD)|PYTHON(?:STARTUP|PATH|HOME|INSPECT|WARNINGS)|COVERAGE_PROCESS_START|LD_PRELOAD|NODE_OPTIONS)\b\s*[=:]")  # fmt: skip
"""Variables by which a file of settings changes every later run."""
_ATTRIBUTES = re.compile(
    r"\s(?:filter|diff|merge|textconv|working-tree-encoding)=|\s-(?:diff|text)\b|linguist-generated|\bexport-(?:ignore|subst)\b|\bbinary\b"
)
_TARGET = re.compile(r"([\w.%/-][\w.%/ -]{0,200}?)\s*::?(?!=)")
_JUDGING_TARGET = re.compile(r"test|check|lint|type|mypy|ruff|cover|verify|audit|\bci\b", re.IGNORECASE)


def file_signs(change: Change, pair: Pair) -> Iterator[Sign]:
    """A file of configuration that is changed, added or deleted."""
    path, name = pair.path, PurePosixPath(pair.path).name
    if name in _TABLES:
        yield from _table_signs(change, pair, _TABLES[name])
        return
    what = _kind(change, path) or (_kind(change, pair.old_path) if pair.diff.is_renamed else "")
    if what and (not change.is_protected(path) or pair.diff.is_renamed):
        yield _sign(pair, f"{what}: {_verb(pair)} {path!r}")


def line_signs(change: Change, pair: Pair) -> Iterator[Sign]:
    """Lines that weaken, in files whose other lines are nobody's business or are asked about elsewhere."""
    path, name = pair.path, PurePosixPath(pair.path).name
    workflow = bool(_kind(change, path)) or name in {
        "Makefile",
        "GNUmakefile",
        "justfile",
        "package.json",
        "tox.ini",
    }
    if name == "Makefile" or name.endswith(".mk") or name in {"GNUmakefile", "justfile", "Justfile"}:
        yield from _recipe_signs(pair)
    for line in pair.diff.added:
        text = line.text[:2000]
        found = _WEAKENING.search(text) if workflow else None
        if found:
            message = f"{quoted(found[0].strip())} lets a step fail and the rest go on, or runs with more rights: look at what may fail here unseen"
            yield Sign("weakened-pipeline", line.number, line.text, message, detail=found[0])
        elif not (pair.is_python or name in _TABLES or text.lstrip().startswith("#")) and (
            found := _STEERING.search(text)
        ):
            message = f"{found[0].rstrip('=: ')} is set here and steers every later run: look at what it loads or leaves out"
            yield Sign("start-up", line.number, line.text, message, detail=found[0])
        elif (
            name == ".gitattributes" and _ATTRIBUTES.search(f" {text}") and not text.lstrip().startswith("#")
        ):
            message = "git attributes that filter files or hide their differences: look at what a reviewer no longer sees"
            yield Sign("start-up", line.number, line.text, message)


def _kind(change: Change, path: str) -> str:
    for group in change.options["files"]:
        if matches(path, group["paths"]):
            return str(group["what"])
    return ""


def _verb(pair: Pair) -> str:
    if pair.diff.is_added:
        return "the change adds"
    return "the change deletes" if pair.diff.is_deleted else "the change edits"


def _sign(pair: Pair, what: str) -> Sign:
    lines = pair.diff.added or pair.diff.removed
    line = lines[0].number if pair.diff.added else 0
    shown = "\n".join(
        [f"- {x.text[:200]}" for x in pair.diff.removed[:6]]
        + [f"+ {x.text[:200]}" for x in pair.diff.added[:6]]
    )
    message = f"{what}; this change is judged by the base's version, later ones by this: look at what they would no longer be held to"
    return Sign(RULE, line, shown, message)


def _table_signs(change: Change, pair: Pair, form: str) -> Iterator[Sign]:
    """One sign for each tool whose settings in a shared file differ."""
    before = pair.before.content if pair.before else None
    after = pair.after.content if pair.after else None
    whole = bool(_kind(change, pair.path))
    by_tool: dict[str, list[Changed]] = defaultdict(list)
    for changed in changed_values(form, before, after, change.options["tables"], whole=whole):
        by_tool[changed.tool].append(changed)
    for tool, values in by_tool.items():
        shown = [
            f"{mark} {v.key} = {text}" for v in values for mark, text in (("-", v.old), ("+", v.new)) if text
        ]
        keys = ", ".join(v.key for v in values[:_NAMED]) + (
            f" and {len(values) - _NAMED} more" if len(values) > _NAMED else ""
        )
        message = (
            f"the configuration of {tool} in {pair.path!r} changes: {keys}; this change is judged by the base's, later ones by this: "
            "look at what they would no longer be held to"
        )
        yield Sign(RULE, max(v.line for v in values), "\n".join(shown[:_SHOWN]), message)


def _recipe_signs(pair: Pair) -> Iterator[Sign]:
    """Changed recipes of targets that test or lint; one sign a target."""
    seen: set[str] = set()
    for source, lines in ((pair.after, pair.diff.added), (pair.before, pair.diff.removed)):
        targets = _targets(source.lines) if source else []
        for line in lines:
            target = targets[line.number - 1] if line.number <= len(targets) else ""
            if (
                line.text.strip()
                and not line.text.startswith("#")
                and _JUDGING_TARGET.search(target)
                and target not in seen
            ):
                seen.add(target)
                yield _sign(pair, f"the recipe of {quoted(target)} in {pair.path!r} changes")


def _targets(lines: list[str]) -> list[str]:
    """For each line of a makefile, the target to which it belongs."""
    current = ""
    found: list[str] = []
    for line in lines:
        if line[:1] not in {"", " ", "\t", "#"}:
            target = _TARGET.match(line)
            current = target[1] if target else ""
        found.append("" if current == ".PHONY" else current)
    return found
