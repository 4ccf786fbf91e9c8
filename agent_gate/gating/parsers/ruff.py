"""Reads `ruff check --output-format json`."""

from __future__ import annotations

from agent_gate.gating.parsers.report import Hit, Report, load_json, relative

_UNPARSED = {None, "invalid-syntax", "E902", "E999"}


def parse_ruff(output: bytes, root: str) -> Report:
    """Each violation is a finding of medium severity; what ruff cannot parse is one too.

    Raises ValueError for anything else than ruff's JSON.
    """
    data = load_json(output)
    if not isinstance(data, list):
        raise ValueError("a list of violations was expected")  # noqa: TRY004 - the output's fault, not the caller's
    try:
        return Report(
            hits=tuple(
                Hit(
                    rule=item["code"] or "invalid-syntax",
                    path=relative(item["filename"], root),
                    message=item["message"],
                    line=item["location"]["row"],
                    end_line=item["end_location"]["row"],
                    column=item["location"]["column"],
                    unparsed=item["code"] in _UNPARSED,
                )
                for item in data
            )
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"a violation without {error}") from None
