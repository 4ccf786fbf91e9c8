"""Reads `ruff check --output-format json`, and the same of `ruff format --check`."""

from __future__ import annotations

import re

from agent_gate.gating.parsers.report import (
    Hit,
    Report,
    ToolOutput,
    checked,
    load_json,
    position,
    relative,
    text,
)

_UNPARSED = {None, "invalid-syntax", "E902", "E999"}
_NEWER = re.compile(r"\(syntax was added in Python 3\.[0-9]+\)$")
"""Of a file that ruff reads well, and that an older Python would not."""
_UNFORMATTED = "unformatted"
_UNUSED = frozenset({"fix", "url", "cell"})


def parse_ruff(output: ToolOutput) -> Report:
    """Each violation is a finding of medium severity; what ruff cannot parse is one too.

    A file that is not formatted is one finding, wherever in it the first difference lies. Raises
    ValueError for anything else than ruff's JSON.
    """
    data = load_json(output.stdout, _UNUSED)
    if not isinstance(data, list):
        raise ValueError("a list of violations was expected")  # noqa: TRY004 - the output's fault, not the caller's
    try:
        hits = tuple(
            Hit(
                rule=text(item["code"] or "invalid-syntax"),
                path=relative(item["filename"], output.root),
                message=text(item["message"]),
                line=position(item["location"]["row"]),
                end_line=position(item["end_location"]["row"]),
                column=position(item["location"]["column"]),
                unparsed=item["code"] in _UNPARSED and not _NEWER.search(item["message"]),
                identity=_UNFORMATTED if item["code"] == _UNFORMATTED else "",
            )
            for item in data
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"a violation without {error}") from None
    return checked(output, Report(hits=hits))
