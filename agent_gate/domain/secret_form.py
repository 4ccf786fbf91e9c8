"""Secrets that say what they are: tokens by their prefix, private keys, and a few whole forms.

The prefixes are those that the issuers document, and that the pattern lists of secret scanners share. Each
form has anchors, literal texts of which one stands at its beginning: they are looked for first, so that a
long text without any costs next to nothing. No pattern takes more than linear time: quantifiers are
bounded or possessive, and where a body could hold its own beginning, a start inside a body does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_WORD = "A-Za-z0-9"
_NAME = "A-Za-z0-9_"
_SLUG = "-A-Za-z0-9_"
_HEX = "0-9a-f"
_BASE64 = "A-Za-z0-9+/="
_UPPER = "A-Z0-9"


@dataclass(frozen=True)
class Form:
    """One kind of secret that is known by how it looks."""

    rule: str
    title: str
    anchors: tuple[str, ...]
    """The literal texts with which it can begin."""
    pattern: str
    """Matches from an anchor on; the group `value` is what the issuer drew."""
    cut_off: str = ""
    """The same, where only the beginning stands at the end of a text or before an ellipsis."""
    not_after: str = ""
    """Characters that cannot stand before it, beside letters and digits."""

    @cached_property
    def whole(self) -> re.Pattern[str]:
        """Compiled when an anchor is found: most are never."""
        return re.compile(self.pattern)

    @cached_property
    def begun(self) -> re.Pattern[str] | None:
        """As `cut_off`, compiled."""
        return re.compile(self.cut_off) if self.cut_off else None


def _token(rule: str, title: str, prefixes: str, alphabet: str, low: int, high: int) -> Form:
    anchors = tuple(prefixes.split())
    prefix = "|".join(re.escape(anchor) for anchor in anchors)
    exact = rf"(?![{alphabet}])" if low == high else ""
    return Form(
        rule,
        title,
        anchors,
        rf"(?:{prefix})(?P<value>[{alphabet}]{{{low},{high}}}+){exact}",
        rf"(?:{prefix})(?P<value>[{alphabet}]{{6,{high}}}+)(?=\s?\Z|…|\.\.\.)",
    )


def _tokens(rows: Iterable[tuple[str, str, str, str, int, int]]) -> tuple[Form, ...]:
    return tuple(_token(*row) for row in rows)


TOKENS = _tokens((
    ("anthropic-key", "an Anthropic key", "sk-ant-", _SLUG, 32, 250),
    ("openai-key", "an OpenAI key", "sk-proj- sk-svcacct- sk-admin-", _SLUG, 32, 250),
    ("openrouter-key", "an OpenRouter key", "sk-or-v1-", _HEX, 64, 64),
    ("model-key", "a key of a model provider", "sk-", _WORD, 32, 200),
    ("github-token", "a GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", _WORD, 36, 251),
    ("github-token", "a GitHub token", "github_pat_", _NAME, 60, 255),
    (
        "gitlab-token", "a GitLab token",
        "glpat- gldt- glrt- glcbt- glptt- glft- glimt- glagent- gloas- glsoat-", _SLUG, 20, 300,
    ),
    ("aws-key", "an AWS access key", "AKIA ASIA", _UPPER, 16, 16),
    ("aws-key", "an AWS Bedrock key", "ABSK", _BASE64, 100, 300),
    ("google-key", "a Google API key", "AIza", _SLUG, 35, 35),
    ("google-key", "a Google client secret", "GOCSPX-", _SLUG, 28, 28),
    ("google-key", "a Google access token", "ya29.", _SLUG, 30, 2000),
    ("slack-token", "a Slack token", "xoxa- xoxb- xoxc- xoxd- xoxe- xoxe. xoxp- xoxr- xoxs- xapp-", "A-Za-z0-9%-", 20, 400),
    ("stripe-key", "a Stripe key", "sk_live_ rk_live_ whsec_", _WORD + "+/=", 20, 250),
    ("twilio-key", "a Twilio key", "SK", _HEX, 32, 32),
    ("npm-token", "an npm token", "npm_", _WORD, 36, 36),
    ("pypi-token", "a PyPI token", "pypi-", _SLUG, 60, 400),
    ("huggingface-token", "a Hugging Face token", "hf_ api_org_", _WORD, 34, 34),
    ("digitalocean-token", "a DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", _HEX, 64, 64),
    ("groq-key", "a Groq key", "gsk_", _WORD, 52, 52),
    ("xai-key", "an xAI key", "xai-", _WORD, 70, 100),
    ("replicate-token", "a Replicate token", "r8_", _WORD, 37, 37),
    ("perplexity-key", "a Perplexity key", "pplx-", _WORD, 40, 60),
    ("databricks-token", "a Databricks token", "dapi", _HEX, 32, 32),
    ("vault-token", "a Vault token", "hvs. hvb. hvr.", _SLUG, 24, 400),
    ("atlassian-token", "an Atlassian token", "ATATT3", _SLUG + "=", 100, 300),
    ("linear-key", "a Linear key", "lin_api_", _WORD, 40, 40),
    ("notion-token", "a Notion token", "ntn_", _WORD, 40, 60),
    ("figma-token", "a Figma token", "figd_", _SLUG, 40, 60),
    ("postman-key", "a Postman key", "PMAK-", _HEX + "-", 59, 59),
    ("newrelic-key", "a New Relic key", "NRAK-", _UPPER, 27, 27),
    ("grafana-token", "a Grafana token", "glsa_ glc_", _NAME + "=", 32, 400),
    ("docker-token", "a Docker Hub token", "dckr_pat_ dckr_oat_", _SLUG, 27, 40),
    ("rubygems-key", "a RubyGems key", "rubygems_", _HEX, 48, 48),
    ("shopify-token", "a Shopify token", "shpat_ shpca_ shppa_ shpss_", _HEX, 32, 32),
    ("square-token", "a Square token", "sq0csp- sq0atp-", _SLUG, 22, 43),
    ("supabase-key", "a Supabase key", "sb_secret_", _SLUG, 20, 60),
    ("supabase-key", "a Supabase key", "sbp_", _HEX, 40, 40),
    ("sentry-token", "a Sentry token", "sntrys_ sntryu_", _NAME + "=+/", 40, 400),
    ("pulumi-token", "a Pulumi token", "pul-", _HEX, 40, 40),
    ("doppler-token", "a Doppler token", "dp.pt. dp.st. dp.sa.", _WORD + ".", 40, 60),
    ("planetscale-token", "a PlanetScale token", "pscale_tkn_ pscale_pw_", _SLUG, 32, 64),
    ("tailscale-key", "a Tailscale key", "tskey-", _WORD + "-", 20, 100),
    ("artifactory-key", "an Artifactory key", "AKCp", _WORD, 69, 69),
    ("age-key", "an age key", "AGE-SECRET-KEY-1", _UPPER, 58, 58),
    ("azure-key", "an Azure storage key", "AccountKey=", _BASE64, 86, 88),
    ("azure-key", "an Azure shared access key", "SharedAccessKey=", _BASE64, 43, 44),
    ("slack-hook", "a Slack hook", "hooks.slack.com/services/ hooks.slack.com/workflows/", _WORD + "/", 40, 120),
    ("discord-hook", "a Discord hook", "discord.com/api/webhooks/ discordapp.com/api/webhooks/", _SLUG + "/", 70, 120),
))  # fmt: skip

_SEPARATOR = r"""(?:\s|[,()>|#*+]|b?["']|\\[nrt])"""
"""What stands between the lines of a key: also as string literals, as a comment, in a diff."""
_KEY_LINE = (
    rf"(?:{_SEPARATOR}{{0,24}}+"
    r"(?:(?:Proc-Type|DEK-Info|Version|Comment|Hash): [^\n\\]{0,200}+|[A-Za-z0-9+/=]{20,}+))"
)
_KEY_TITLE = r"(?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?"
_KEY_END = rf"{_SEPARATOR}{{0,24}}+-----END {_KEY_TITLE}-----"
PRIVATE_KEY = Form(
    "private-key",
    "a private key",
    ("-----BEGIN ",),
    rf"-----BEGIN {_KEY_TITLE}-----(?P<value>"
    rf"{_KEY_LINE}++(?:{_SEPARATOR}{{0,24}}+[A-Za-z0-9+/=]{{1,19}}+(?=[\s\"'\\-]|\Z))?+(?:{_KEY_END})?+"
    rf"|[^-]{{0,20000}}+-----END {_KEY_TITLE}-----)",
)
KEY_END = re.compile(rf"-----END {_KEY_TITLE}-----")
"""The end of a private key whose beginning was cut off."""
KEY_LINE = re.compile(rf"(?:E\s)?{_SEPARATOR}{{0,24}}+[A-Za-z0-9+/=]{{16,200}}+{_SEPARATOR}{{0,24}}+")
"""A whole line of a key, also as pytest quotes it."""
KEY_LAST_LINE = re.compile(rf"(?:E\s)?{_SEPARATOR}{{0,24}}+[A-Za-z0-9+/=]{{0,200}}+{_SEPARATOR}{{0,24}}+")
PUTTY_KEY = Form(
    "private-key",
    "a private key of PuTTY",
    ("Private-Lines: ",),
    rf"Private-Lines: \d{{1,3}}(?P<value>{_KEY_LINE}++)",
)
JWT = Form(
    "jwt",
    "a JSON Web Token",
    ("eyJ",),
    r"(?P<value>eyJ[A-Za-z0-9_-]{12,2000}+\.eyJ[A-Za-z0-9_-]{10,8000}+\.[A-Za-z0-9_-]{15,1400}+)",
    r"(?P<value>eyJ[A-Za-z0-9_-]{12,2000}+\.eyJ[A-Za-z0-9_.-]{6,8000}+)(?=\s?\Z|…|\.\.\.)",
    "_-",
)
SENDGRID = Form(
    "sendgrid-key",
    "a SendGrid key",
    ("SG.",),
    r"SG\.(?P<value>[A-Za-z0-9_-]{16,32}+\.[A-Za-z0-9_-]{16,64}+)",
    r"SG\.(?P<value>[A-Za-z0-9_-]{6,32}+(?:\.[A-Za-z0-9_-]{1,64}+)?+)(?=\s?\Z|…|\.\.\.)",
)
ENCODED_KEY = Form(
    "encoded-key",
    "a private key in base64",
    ("LS0tLS1CRUdJTi",),
    r"(?P<value>LS0tLS1CRUdJTi[A-Za-z0-9+/=]{80,20000}+)",
    r"(?P<value>LS0tLS1CRUdJTi[A-Za-z0-9+/=]{6,20000}+)(?=\s?\Z|…|\.\.\.)",
)
"""As a kubeconfig and the secret stores of CI hold them: `-----BEGIN` in base64."""
FORMS = (PRIVATE_KEY, PUTTY_KEY, ENCODED_KEY, JWT, SENDGRID, *TOKENS)


def _by_anchor() -> dict[str, tuple[tuple[str, Form], ...]]:
    """For each anchor the forms that can begin with it, the most special one first (`sk-ant-` before `sk-`)."""
    pairs = [(anchor, form) for form in FORMS for anchor in form.anchors]
    return {
        whole: tuple(
            sorted((pair for pair in pairs if whole.startswith(pair[0])), key=lambda pair: -len(pair[0]))
        )
        for whole, _ in pairs
    }


FORMS_BY_ANCHOR = _by_anchor()


def _any_of(anchors: Iterable[str]) -> str:
    """An expression for any of the texts, longest first, by their first characters: one glance for most places."""
    first: dict[str, list[str]] = {}
    for anchor in sorted(anchors, key=lambda text: (-len(text), text)):
        first.setdefault(anchor[0], []).append(re.escape(anchor[1:]))
    return "|".join(f"{re.escape(character)}(?:{'|'.join(rest)})" for character, rest in first.items())


ANCHORS = re.compile(_any_of(FORMS_BY_ANCHOR))
