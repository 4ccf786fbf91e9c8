"""Which commits say that a machine took part in writing them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agent_gate.vcs import trailers
from agent_gate.vcs.trailers import Trailer

_KEYS = {key.casefold() for key in (trailers.ASSISTED_BY, trailers.GENERATED_BY)}
_OUR_KEYS = "agent-gate-"
_TOOL_MAIL = re.compile(
    r"@(anthropic\.com|openai\.com|aider\.chat|cursor\.com|cognition\.ai|all-hands\.dev|openhands\.dev)>"
    r"|(\+|<)copilot(-swe-agent\[bot\])?@users\.noreply\.github\.com>|devin-ai-integration\[bot\]@",
    re.IGNORECASE,
)
_TOOL_NAME = re.compile(
    r"(claude( (code|opus|sonnet|haiku|fable)\b.*|[ -]?\d.*)?|(github )?copilot.*|aider\b.*|codex\b.*|cursor( agent)?"
    r"|chatgpt.*|gpt-?\d.*|gemini\b.*|devin( ai)?|openhands\b.*|qwen.*|deepseek.*|windsurf|amazon q.*|jules)",
    re.IGNORECASE,
)


def claims_assistance(found: Iterable[Trailer], message: str = "") -> bool:
    """Whether any trailer, of any tool, says that a model took part.

    So does a line of the message that begins like one: a damaged neighbour is enough to make git take the
    whole block for prose. `Claude <noreply@anthropic.com>` is a tool; `Claude Monet <monet@example.org>` is a person.
    """
    return any(_claims(trailer) for trailer in (*found, *_trailer_like(message)))


def _trailer_like(message: str) -> Iterator[Trailer]:
    for line in message.splitlines():
        key, separator, value = line.partition(":")
        if separator:
            yield Trailer(key.strip(), value.strip())


def _claims(trailer: Trailer) -> bool:
    key = trailer.key.casefold()
    if key in _KEYS or key.startswith(_OUR_KEYS):
        return True
    if key != trailers.CO_AUTHORED_BY.casefold():
        return False
    name = trailer.value.partition("<")[0].strip()
    return bool(_TOOL_MAIL.search(trailer.value) or _TOOL_NAME.fullmatch(name))
