"""Fences text that is data, so that nothing in it can end the fence or pass for an instruction.

Source: OWASP Top 10 for LLM Applications 2025, LLM01 Prompt Injection: segregate and identify external
content. A fence does not make a model obey; it makes the border unmistakable.
"""

from __future__ import annotations

import re
import unicodedata

from agent_gate.domain.digest import sha256

_NONCE_LENGTH = 24
"""Hex digits of the content's digest: text that holds its own digest cannot be found."""
_SHORTEST_FENCE = 3
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def data_block(title: str, content: str, language: str = "") -> str:
    """The content between lines that carry a nonce made of it, in a fence longer than any inside."""
    heading = visible(title, keep="")
    digest = sha256(f"{heading}\n{content}".encode("utf-8", errors="surrogatepass"))
    nonce = digest.removeprefix("sha256:")[:_NONCE_LENGTH]
    longest = max((len(run) for run in re.findall("`+", content)), default=0)
    fence = "`" * max(_SHORTEST_FENCE, longest + 1)
    end = "" if not content or content.endswith("\n") else "\n"
    return f"BEGIN DATA {nonce} {heading}\n{fence}{language}\n{content}{end}{fence}\nEND DATA {nonce}"


def visible(text: str, keep: str = "\n\t") -> str:
    """The text without terminal sequences, and with control, bidi and invisible characters spelled out."""
    plain = _ANSI.sub("", text)
    return "".join(char if char in keep or not _is_hidden(char) else ascii(char)[1:-1] for char in plain)


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN
