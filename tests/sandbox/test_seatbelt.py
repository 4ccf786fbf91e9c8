from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.errors import SetupError
from agent_gate.sandbox.base import Confinement
from agent_gate.sandbox.seatbelt import Seatbelt, profile, quoted

EVIL = '/w/a") (allow default) ("\\'


def request(**more: object) -> Confinement:
    settings: dict[str, object] = {"argv": ("true",), "cwd": Path("/w"), "writable": (Path("/w"),), **more}
    return Confinement(**settings)  # type: ignore[arg-type]


def strings(text: str) -> list[str]:
    """The strings of a profile, read as its language reads them; nothing may be left of the quotes."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"', text)
    assert '"' not in re.sub(r'"((?:[^"\\]|\\.)*)"', "", text)
    return [re.sub(r"\\(.)", r"\1", each) for each in found]


def test_everything_is_denied_that_is_not_named() -> None:
    lines = profile(request()).splitlines()
    assert lines[:2] == ["(version 1)", "(deny default)"]
    assert "(allow default)" not in profile(request(writable=(Path(EVIL),))).replace(quoted(Path(EVIL)), "")
    assert not any("network" in line or "mach-lookup" in line for line in lines)


def test_what_may_be_written_is_what_the_request_names() -> None:
    text = profile(request(writable=(Path("/w"), Path("/reports")), read_only=(Path("/python"),)))
    writable = [strings(line)[0] for line in text.splitlines() if "file-write* " in line]
    assert writable == ["/w", "/reports"]
    assert '(allow file-read* (subpath "/python"))' in text


def test_what_is_hidden_comes_after_what_shows_it() -> None:
    shown = (Path("/usr/local/app/.venv"),)
    lines = profile(request(read_only=shown, hidden=(Path("/usr/local/app"),))).splitlines()
    shows = lines.index('(allow file-read* (subpath "/usr"))')
    hides = lines.index('(deny file-read* (subpath "/usr/local/app"))')
    assert shows < hides
    assert '(allow file-read* (subpath "/usr/local/app/.venv"))' in lines[hides:]


def test_a_path_does_not_lead_out_of_its_string() -> None:
    text = profile(request(writable=(Path(EVIL),)))
    assert EVIL in strings(text)
    assert text.count("(deny default)") == 1


@given(
    st.text(
        st.characters(min_codepoint=0x20, exclude_characters="\x7f/\0", exclude_categories=["Cs"]), min_size=1
    )
)
def test_any_printable_name_comes_back_as_it_was(name: str) -> None:
    path = Path("/w", name)
    assert strings(quoted(path)) == [str(path)]


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "\x1b[2J", "\x7f"])
def test_control_characters_are_refused(name: str) -> None:
    with pytest.raises(SetupError, match="control characters"):
        quoted(Path("/w", name))


def test_the_command_comes_last_with_a_clean_environment(tmp_path: Path) -> None:
    argv, env = Seatbelt().wrap(request(argv=("pytest", "-q"), temporary=tmp_path, env={"CI": "yes"}))
    assert argv[-2:] == ("pytest", "-q")
    assert "/usr/bin/sandbox-exec" in argv
    assert "ulimit -n 1024" in argv[2]
    assert (env["HOME"], env["TMPDIR"], env["CI"]) == (str(tmp_path), str(tmp_path), "yes")
    assert not Seatbelt.has_loopback
