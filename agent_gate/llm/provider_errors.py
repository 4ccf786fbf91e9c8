"""What went wrong at a provider, in plain words: whether to ask again, and what a person can do.

The table goes by the names of exception classes, so that it can be read and tested without loading
litellm, and by HTTP status where litellm has no class of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent_gate.domain.visible import visible_line

_LONGEST_QUOTE = 300
_SERVERS_FAULT = 500


@dataclass(frozen=True)
class Advice:
    """One kind of trouble."""

    sentence: str
    hint: str
    retry: bool = False
    about_key: bool = False
    """The names of the keys that are set help to understand it."""


_KEY = "check the provider's key variable, such as ANTHROPIC_API_KEY or OPENAI_API_KEY"
_LATER = "the run is kept: resume it when the provider is well again"

UNREACHABLE = Advice(
    "the provider cannot be reached",
    "check the network, the proxy variables and the provider's API base",
    retry=True,
)
BROKEN_OFF = Advice("the reply broke off in the middle", _LATER, retry=True)
STALLED = Advice(
    "the provider fell silent", f"{_LATER}; AGENT_GATE_STALL_S sets how long we wait", retry=True
)
REPEATING = Advice(
    "the model repeats itself without end", "ask for less at once, or take another model", retry=True
)
GARBAGE = Advice(
    "what answers is not a model: its reply is no event stream",
    "check the provider's API base: it usually ends in /v1, and a proxy may answer in its place",
)
FILTERED = Advice(
    "the provider's content filter cut the reply off", "word the goal differently, or take another model"
)
NO_TEXT = Advice("the reply is not valid Unicode", "ask again, or take another model")
EMPTY = Advice("the model gave an empty reply", "ask for less at once, or take another model")
TOO_BIG = Advice("the reply is larger than 4 MiB", "ask for less at once, or take another model")
TOO_LONG = Advice(
    "the reply took too long", "ask for less at once; AGENT_GATE_REPLY_S sets how long a reply may take"
)
NO_CREDIT = Advice("the provider's account has no credit left", "top it up, or take another model")
BUG = Advice(
    "the library that speaks to providers failed",
    "see whether the model's name is right; if it is, report this",
)

_CONTEXT = Advice(
    "the prompt is larger than the model's context window",
    "name fewer files in the spec's context, or take a model with a larger window",
)
_POLICY = Advice(
    "the provider's content policy refused the request", "word the goal differently, or take another model"
)
_NO_PROVIDER = Advice(
    "the model's name does not say which provider it belongs to",
    "write provider/model, such as anthropic/claude-sonnet-4-5 or openai/gpt-4o",
)
_REFUSED_KEY = Advice("the provider does not accept the key", _KEY, about_key=True)
_FORBIDDEN = Advice(
    "the key may not use this model", "take another model, or ask for access at the provider", about_key=True
)
_NOT_FOUND = Advice(
    "the provider knows no such model", "check the model's name (provider/model) and the provider's API base"
)
_BAD = Advice("the provider does not accept the request", "see what it says; the model's name may be wrong")
_BUSY = Advice("the provider asks us to slow down", _LATER, retry=True)
_ILL = Advice("the provider has trouble of its own", _LATER, retry=True)

BY_CLASS: Mapping[str, Advice] = {
    "ContextWindowExceededError": _CONTEXT,
    "ContentPolicyViolationError": _POLICY,
    "PaymentRequiredError": NO_CREDIT,
    "LiteLLMUnknownProvider": _NO_PROVIDER,
    "AuthenticationError": _REFUSED_KEY,
    "PermissionDeniedError": _FORBIDDEN,
    "NotFoundError": _NOT_FOUND,
    "RateLimitError": _BUSY,
    "Timeout": Advice("the provider did not answer in time", _LATER, retry=True),
    "ServiceUnavailableError": _ILL,
    "BadGatewayError": _ILL,
    "InternalServerError": _ILL,
    "BadRequestError": _BAD,
    "UnprocessableEntityError": _BAD,
    "APIConnectionError": UNREACHABLE,
    "APIResponseValidationError": GARBAGE,
}
"""By the most special class of the exception that is named here."""

BY_STATUS: Mapping[int, Advice] = {
    400: _BAD,
    401: _REFUSED_KEY,
    402: NO_CREDIT,
    403: _FORBIDDEN,
    404: _NOT_FOUND,
    408: _ILL,
    409: _ILL,
    413: _CONTEXT,
    429: _BUSY,
}

_BY_WORDS = (
    ("insufficient_quota", NO_CREDIT),
    ("exceeded your current quota", NO_CREDIT),
    ("content_policy_violation", _POLICY),
    ("context_length_exceeded", _CONTEXT),
    ("LLM Provider NOT provided", _NO_PROVIDER),
    ("repeating the same chunk", REPEATING),
)
_BY_CAUSE = (
    (frozenset({"ConnectError", "ConnectTimeout", "ProxyError"}), UNREACHABLE),
    (frozenset({"JSONDecodeError", "UnicodeDecodeError"}), GARBAGE),
)
"""By the classes of the exceptions that an error was made from; litellm's own class says less here."""


def advise(error: BaseException, *, begun: bool) -> Advice:
    """What the table says about an error; `begun` says that the reply had begun to come."""
    error = getattr(error, "original_exception", None) or error
    own = _names(error)
    by_class = next((BY_CLASS[name] for name in own if name in BY_CLASS), None)
    special = _by_words(error) or _by_cause(error)
    if special and (special is not GARBAGE or begun):
        return special
    if begun and by_class is UNREACHABLE:
        return BROKEN_OFF
    status = getattr(error, "status_code", None)
    if by_class is None and isinstance(status, int):
        return BY_STATUS.get(status, _ILL if status >= _SERVERS_FAULT else _BAD)
    return by_class or BUG


def _by_words(error: BaseException) -> Advice | None:
    body = getattr(error, "body", None)
    words = f"{body.get('code')} {error}" if isinstance(body, dict) else str(error)
    return next((advice for part, advice in _BY_WORDS if part in words), None)


def _by_cause(error: BaseException) -> Advice | None:
    names = {name for link in _chain(error) for name in _names(link)}
    return next((advice for classes, advice in _BY_CAUSE if classes & names), None)


def in_its_words(error: BaseException) -> str:
    """What the provider said, without the names of classes before it, on one short line."""
    words = visible_line(str(getattr(error, "original_exception", None) or error)).strip()
    words = re.sub(r"^((litellm\.)?\w*(Error|Exception|Timeout)\b( Error)?( -|:)\s*)+", "", words)
    return words if len(words) <= _LONGEST_QUOTE else f"{words[:_LONGEST_QUOTE]}…"


def _names(error: BaseException) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was made from, each once."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        link = waiting.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [link.__cause__, link.__context__]
