"""Security: personal and secret data have somebody who wants them."""

from __future__ import annotations

from collections.abc import Iterator

from agent_gate.spec.outline import Outline, any_word, says
from agent_gate.spec.questions.rule import Question
from agent_gate.spec.surroundings import Surroundings

SENSITIVE = any_word(
    "passwords?", "passphrases?", "secrets?", "tokens?", "api[ -]?keys?", "private keys?", "credentials?", "sessions?", "cookies?",
    "e-?mail address(?:es)?", "emails?", "phone numbers?", "postal address(?:es)?", "home address(?:es)?", "birth ?dates?", "dates? of birth",
    "credit ?cards?", "card numbers?", "cvv", "iban", "bank accounts?", "payments?", "invoices?", "billing", "salar(?:y|ies)",
    "social security", "ssn", "passports?", "personal data", "pii", "gdpr", "patients?", "health records?", "medical",
    "log[ -]?in", "sign[ -]?up", "authenticat-", "authoriz-", "permissions?",
)  # fmt: skip
"""Words that speak of what somebody would steal, or of who may do what."""


def sensitive_data(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """SE02: personal or secret data, and no clause that says who is kept from it."""
    if outline.of("security"):
        return
    where = "title"
    for name in ("goal", "title"):
        if word := says(outline.text(name), SENSITIVE):
            where = name
            break
    else:
        word = says(outline.words, SENSITIVE)
    if word:
        message = f"“{word}”: who would like to have it, or to misuse it, and what stops them?"
        hint = "add a security clause: {threat: …, stride: [I], response: …, verified_by: […]}"
        yield Question("SE02", (where,), message, hint)


RULES = (sensitive_data,)
