"""Parsers that other packages bring, in the entry point group `agent_gate.parsers`.

One is loaded by its name, and only when a definition of the base names it: what else is installed is
not imported.
"""

from __future__ import annotations

from importlib import metadata

from agent_gate.errors import PolicyError
from agent_gate.gating.parsers.report import Parse, Report, ToolOutput

GROUP = "agent_gate.parsers"


def load_parser(name: str) -> Parse | None:
    """The parser that an installed package registers under the name; None where none does.

    Raises PolicyError, with the distribution's name, where it cannot be loaded or two claim the name.
    """
    found = tuple(metadata.entry_points(group=GROUP, name=name))
    if not found:
        return None
    owners = sorted({_owner(entry) for entry in found})
    if len(owners) > 1:
        raise PolicyError(
            f"the parser {name!r} is offered by {' and by '.join(owners)}", hint="uninstall one of them"
        )
    entry, owner = found[0], owners[0]
    try:
        parse = entry.load()
    except Exception as error:
        raise PolicyError(
            f"the parser {name!r} of {owner} cannot be loaded: {type(error).__name__}: {error}",
            hint=f"its entry point is {entry.value}; install the package again, or ask its authors",
        ) from error
    if not callable(parse):
        raise PolicyError(
            f"the parser {name!r} of {owner} is no function", hint=f"its entry point is {entry.value}"
        )
    return _guarded(parse, name, owner)


def _owner(entry: metadata.EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown package"


def _guarded(parse: Parse, name: str, owner: str) -> Parse:
    """The same, with every failure of its own told as output that cannot be read."""

    def parse_guarded(output: ToolOutput) -> Report:
        try:
            report = parse(output)
        except ValueError:
            raise
        except Exception as error:
            raise ValueError(f"the parser {name!r} of {owner} failed: {error!r}") from error
        if not isinstance(report, Report):
            raise ValueError(f"the parser {name!r} of {owner} gave no report")  # noqa: TRY004 - the output's reader expects it
        return report

    return parse_guarded
