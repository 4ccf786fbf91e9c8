"""From a reply's text to the contents of a candidate's files: all of it, or nothing."""

from __future__ import annotations

from agent_gate.edits.apply import Applied, Refused, apply_edits, apply_reply
from agent_gate.edits.file_edit import FileEdit, Replacement, WholeFile
from agent_gate.edits.reply import ParsedReply, parse_reply

__all__ = [
    "Applied",
    "FileEdit",
    "ParsedReply",
    "Refused",
    "Replacement",
    "WholeFile",
    "apply_edits",
    "apply_reply",
    "parse_reply",
]
