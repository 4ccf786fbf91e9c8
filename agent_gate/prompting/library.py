"""The released prompts: files under `prompts/`, frozen by `versions.lock`, filled strictly."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

from agent_gate.domain.digest import sha256
from agent_gate.domain.proposal import PromptRef
from agent_gate.errors import SetupError
from agent_gate.resources import data_directory

LOCK_FILE = "versions.lock"


@dataclass(frozen=True)
class PromptTemplate:
    """A prompt with places to fill: `$name` or `${name}`; a dollar sign is written `$$`."""

    ref: PromptRef
    text: str

    def render(self, **values: str) -> str:
        """The prompt with all its places filled; what the values hold is data and is not looked at.

        Raises ValueError where a place has no value, or a value no place: both are bugs of ours.
        """
        template = Template(self.text)
        places = set(template.get_identifiers())
        if places != set(values):
            odd = ", ".join(sorted(places ^ set(values)))
            raise ValueError(f"the prompt {self.ref.name} and the values that fill it differ in: {odd}")
        return template.substitute(values)


def load_prompt(name: str) -> PromptTemplate:
    """The released prompt of that name, for instance `propose/v1/user`; raises SetupError."""
    directory = data_directory("prompts")
    path = directory / f"{name}.md"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SetupError(
            f"the prompt {name!r} cannot be read: {error.strerror}: {path}", hint="install agent-gate again"
        ) from None
    digest = sha256(data)
    released = released_prompts((directory / LOCK_FILE).read_text(encoding="utf-8"))
    if released.get(f"{name}.md") != digest:
        raise SetupError(
            f"the prompt {path} is not the one that was released",
            hint=f"install agent-gate again; a new prompt gets a new version, and its digest stands in {LOCK_FILE}",
        )
    return PromptTemplate(PromptRef(name=name, sha256=digest), data.decode("utf-8"))


def released_prompts(lock: str) -> dict[str, str]:
    """File name to digest, as `versions.lock` states them in the format of sha256sum(1)."""
    rows = (line.split(maxsplit=1) for line in lock.splitlines() if line.strip())
    return {name: f"sha256:{digest}" for digest, name in rows}
