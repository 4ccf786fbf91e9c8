from __future__ import annotations

import hashlib

import pytest

from agent_gate.domain.proposal import PromptRef
from agent_gate.errors import SetupError
from agent_gate.prompting.library import LOCK_FILE, PromptTemplate, load_prompt, released_prompts
from agent_gate.resources import data_directory

PROMPTS = data_directory("prompts")
RELEASED = {
    "propose/v1/system.md": "90cfd830b5ebad429769a02b4fff14aeb05cbf0b6c27666b275d037e0e1c7ec1",
    "propose/v1/user.md": "bce487502f049f2ef73871cdabf5d1e04f7c9a95e7b36e347261d43d9426256b",
    "repair/v1/user.md": "639ea91e368ec3ac8df171a1f489eb3e65764002501fdac4c7456e9cc76ff9f0",
}


def template(text: str) -> PromptTemplate:
    return PromptTemplate(PromptRef(name="t", sha256="sha256:0"), text)


def test_released_prompts_never_change() -> None:
    """A prompt that took part in a sealed commit is named by its digest: a new wording is a new version."""
    found = {
        path.relative_to(PROMPTS).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(PROMPTS.rglob("*.md"))
    }
    assert found == RELEASED


def test_lock_names_each_prompt_with_its_digest() -> None:
    lock = released_prompts((PROMPTS / LOCK_FILE).read_text())
    assert lock == {name: f"sha256:{digest}" for name, digest in RELEASED.items()}


def test_prompt_is_named_and_has_the_digest_of_its_template() -> None:
    ref = load_prompt("repair/v1/user").ref
    assert ref == PromptRef(name="repair/v1/user", sha256=f"sha256:{RELEASED['repair/v1/user.md']}")


def test_unknown_prompt_says_what_to_do() -> None:
    with pytest.raises(SetupError, match="propose/v9/user"):
        load_prompt("propose/v9/user")


def test_values_are_data() -> None:
    assert template("$a|${b}|$$").render(a="$b ${b} $$ $", b="x") == "$b ${b} $$ $|x|$"


@pytest.mark.parametrize("values", [{}, {"a": "1", "b": "2"}, {"b": "2"}])
def test_each_place_has_a_value_and_each_value_a_place(values: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="differ in"):
        template("$a").render(**values)


def test_a_lone_dollar_sign_is_a_mistake_in_the_prompt() -> None:
    with pytest.raises(ValueError, match="placeholder"):
        template("costs 5 $ $a").render(a="1")
