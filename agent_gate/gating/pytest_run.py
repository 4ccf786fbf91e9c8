"""One run of pytest over one tree, in the sandbox."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent_gate.domain.gate import GateDefinition
from agent_gate.domain.value import Value
from agent_gate.gating.context import GateContext
from agent_gate.gating.copies import Copy
from agent_gate.gating.pytest_accounts import believe
from agent_gate.gating.pytest_harness import Harness, Measured, sources
from agent_gate.gating.pytest_result import PytestRun, RunError
from agent_gate.gating.pytest_stream import STREAM_BYTES


class Shard(Value):
    """Some of the tests. What the base does not know belongs to the last shard."""

    files: tuple[str, ...] = ()
    """Those that hold its tests."""
    others: tuple[str, ...] = ()
    """Files that hold tests of other shards alone, and need not be imported."""
    elsewhere: tuple[str, ...] = ()
    """Functions that other shards run, of files that hold tests of both."""
    is_last: bool = True


async def run_pytest(
    context: GateContext,
    tree: str,
    arguments: Sequence[str],
    timeout_s: float,
    measured: Measured | None = None,
    markers: Sequence[str] = (),
    shard: Shard | None = None,
) -> PytestRun:
    """Runs pytest in a fresh copy of a tree; `markers` are registered beside those of its configuration.

    Of a shard only its own tests are run. Raises RunError where the result cannot be believed.
    """
    copy = await context.copies.fresh(tree)
    harness = await asyncio.to_thread(Harness.make, context.copies.new_folder())
    path = sources(copy.folder)
    settings: dict[str, Any] = {
        "word": harness.word,
        "root": str(copy.folder),
        "path": path,
        "plugins": [[p.name, p.value, p.installed] for p in context.environment.plugins],
        "canary": str(harness.canary),
        "markers": list(markers),
        "shard": (shard or Shard()).model_dump(),
        "arguments": [*_arguments(context, copy, harness), *arguments],
    }
    if measured is not None:
        settings["measured"] = {"root": str(copy.folder), **harness.measurement(measured)}
    environment = context.environment
    completed = await context.execute(
        [str(environment.python), "-I", "-B", str(harness.recorder)],
        cwd=copy.folder,
        timeout_s=timeout_s,
        writable=(copy.folder, harness.junit.parent),
        read_only=(*environment.paths, harness.recorder.parent),
        env={
            "PATH": f"{environment.python.parent}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": ":".join(path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        stdin=json.dumps(settings).encode(),
        output_cap=STREAM_BYTES,
    )
    try:
        return await asyncio.to_thread(believe, completed, harness, copy, timeout_s)
    except RunError as error:
        error.output_sha256 = completed.output_sha256
        raise


def _arguments(context: GateContext, copy: Copy, harness: Harness) -> Iterator[str]:
    definition = context.definition
    yield from definition.options["argv"]
    wanted: Mapping[str, Sequence[str]] = definition.options["plugin_argv"]
    for plugin in context.environment.plugins:
        yield from wanted.get(plugin.name, ())
    configuration = configuration_file(copy, definition)
    yield from ("-c", str(copy.folder / configuration if configuration else harness.empty))
    yield from (f"--rootdir={copy.folder}", f"--confcutdir={copy.folder}", f"--junitxml={harness.junit}")


def configuration_file(copy: Copy, definition: GateDefinition) -> str:
    """The file of the tree that pytest would take its configuration from; empty where there is none."""
    for name in definition.options["configuration"]:
        target = copy.folder / name
        if not target.is_file() or target.is_symlink():
            continue
        text = target.read_text(errors="replace")
        section = _SECTIONS.get(name)
        if section is None or any(line.strip().startswith(section) for line in text.splitlines()):
            return str(name)
    return ""


_SECTIONS = {"pyproject.toml": "[tool.pytest", "tox.ini": "[pytest]", "setup.cfg": "[tool:pytest]"}
"""Files that configure pytest only where they hold this table."""
