"""Every command that a page names exists, with the options that stand beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from program import agent_gate

WORD = re.compile(r"[a-z]+")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def commands_in(page: str) -> Iterator[str]:
    """What follows `agent-gate` in code: spans in a line of prose, and whole lines of code blocks."""
    blocks = re.findall(r"^```(?:sh|text)\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    for line in "\n".join(blocks).splitlines():
        if line.startswith("agent-gate"):
            yield line.removeprefix("agent-gate")
    prose = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    for span in re.findall(r"`([^`\n]+)`", prose):
        if span == "agent-gate" or span.startswith("agent-gate "):
            yield span.removeprefix("agent-gate")


@cache
def help_of(*path: str) -> tuple[int, str]:
    done = agent_gate(Path(__file__).parent, *path, "--help")
    return done.returncode, done.stdout


def subcommands(*path: str) -> frozenset[str]:
    """The commands that a help text lists."""
    _, _, listed = help_of(*path)[1].partition("Commands:\n")
    return frozenset(re.findall(r"^  ([a-z]+)  ", listed, flags=re.MULTILINE))


def command_path(words: list[str]) -> tuple[str, ...]:
    """The words that name a command; what is no command of a group stays out and is told by the caller."""
    path: tuple[str, ...] = ()
    while words and subcommands(*path) and WORD.fullmatch(words[0]):
        path = (*path, words.pop(0))
    return path


def test_commands_and_options_exist(pages: Mapping[str, str]) -> None:
    named = [(name, text) for name, page in pages.items() for text in commands_in(page)]
    assert len(named) > 40
    wrong = []
    for name, text in named:
        path = command_path(text.split())
        code, told = help_of(*path)
        known = {*OPTION.findall(told), "--help", "--version"}
        if code or not set(OPTION.findall(text)) <= known:
            wrong.append(f"{name}: agent-gate{text}")
    assert not wrong


def test_the_readme_lists_every_command(readme: Mapping[str, str]) -> None:
    listed = {command_path(text.split()) for text in commands_in(readme["Commands"])}
    existing: set[tuple[str, ...]] = {(name,) for name in subcommands() - {"spec"}}
    existing |= {("spec", name) for name in subcommands("spec")}
    assert listed - {()} == existing
