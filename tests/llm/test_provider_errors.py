from __future__ import annotations

from agent_gate.llm import provider_errors
from agent_gate.llm.provider_errors import BY_CLASS, BY_STATUS, Advice, advise, in_its_words


class APIError(Exception):
    """Stands for the class of that name in litellm, which cannot be imported here."""

    def __init__(self, message: str, status_code: int) -> None:
        super().__init__(message)
        self.status_code = status_code


class BadRequestError(APIError):
    pass


class ContextWindowExceededError(BadRequestError):
    pass


def test_every_row_says_what_to_do() -> None:
    module = vars(provider_errors).values()
    rows = [row for row in (*module, *BY_CLASS.values(), *BY_STATUS.values()) if isinstance(row, Advice)]
    assert len(rows) > 20
    for row in rows:
        assert row.sentence
        assert row.sentence[0].islower()
        assert row.hint


def test_the_most_special_class_counts() -> None:
    error = ContextWindowExceededError("too long", 400)
    assert "context window" in advise(error, begun=False).sentence
    assert "does not accept the request" in advise(BadRequestError("bad", 400), begun=False).sentence


def test_a_status_without_a_class_counts() -> None:
    assert not advise(APIError("", 418), begun=False).retry
    assert advise(APIError("", 599), begun=False).retry


def test_what_no_row_knows_is_not_asked_again() -> None:
    advice = advise(ZeroDivisionError("division by zero"), begun=True)
    assert advice is provider_errors.BUG
    assert not advice.retry


class ConnectError(Exception):
    """Stands for httpx's."""


def test_a_cause_says_more_than_its_wrapper() -> None:
    error = APIError("odd", 500)
    error.__cause__ = ConnectError()
    assert advise(error, begun=False) is provider_errors.UNREACHABLE


def test_errors_that_name_each_other_in_a_circle_come_to_an_end() -> None:
    first, second = APIError("a", 500), APIError("b", 500)
    first.__context__, second.__cause__ = second, first
    assert advise(first, begun=False).retry


def test_the_provider_s_words_come_without_class_names_and_on_one_short_line() -> None:
    error = Exception("litellm.RateLimitError: RateLimitError: OpenAIException - slow\ndown\x07")
    assert in_its_words(error) == "slow down\\x07"
    assert in_its_words(Exception("Timeout Error: OpenAIException - late")) == "late"
    assert in_its_words(Exception("x" * 999)) == f"{'x' * 300}…"
