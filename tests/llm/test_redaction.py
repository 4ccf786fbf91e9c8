from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent_gate.llm.redaction import Redactor, secrets_in

KEY = "sk-abcabcabcabd"


def test_secrets_are_known_by_their_variables_names() -> None:
    environ = {
        "OPENAI_API_KEY": KEY,
        "AWS_SECRET_ACCESS_KEY": "secret/access/key+0",
        "AWS_SESSION_TOKEN": "session-token-000",
        "OPENAI_API_BASE": "http://127.0.0.1:8000/v1",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token-file",
        "HTTPS_PROXY": "http://user:pw@proxy.example.org:3128",
    }
    assert secrets_in(environ) == {
        KEY,
        "secret/access/key+0",
        "secret%2Faccess%2Fkey%2B0",
        "session-token-000",
        ":pw@",
    }


def test_a_word_that_local_servers_take_for_a_key_is_no_secret() -> None:
    assert secrets_in({"OPENAI_API_KEY": "ollama"}) == frozenset()


def test_a_broken_url_is_no_reason_to_fail() -> None:
    assert secrets_in({"HTTP_PROXY": "http://[::1"}) == frozenset()


def test_all_texts_of_a_message_are_redacted() -> None:
    message = {"a": f"x{KEY}y", "b": [f"{KEY}{KEY}", 1, None], "c": {"d": KEY}}
    assert Redactor([KEY]).redact(message) == {
        "a": "x[redacted]y",
        "b": ["[redacted][redacted]", 1, None],
        "c": {"d": "[redacted]"},
    }


@given(
    st.lists(st.sampled_from([KEY, KEY[:3], KEY[:7], KEY[3:], "abc", "s", "-", "x", "\n"]), max_size=12),
    st.data(),
)
def test_however_a_text_is_cut_into_pieces_no_secret_is_shown_and_nothing_is_lost(
    parts: list[str], data: st.DataObject
) -> None:
    text = "".join(parts)
    redactor = Redactor([KEY])
    shown = ""
    position = 0
    while position < len(text):
        size = data.draw(st.integers(min_value=1, max_value=9))
        shown += redactor.feed(text[position : position + size])
        assert KEY not in shown
        position += size
    shown += redactor.flush()
    assert shown == text.replace(KEY, "[redacted]")


def test_text_without_a_secret_is_not_held_back() -> None:
    redactor = Redactor([KEY])
    assert redactor.feed("all clear") == "all clear"
    assert redactor.feed("then s") == "then "
    assert redactor.feed("o") == "so"
