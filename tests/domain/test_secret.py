from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from secret_samples import HEX, LETTERS, drawn, github_token, json_web_token, private_key

from agent_gate.domain.secret import find_secrets, find_tokens, holds_secret, redact
from agent_gate.domain.secret_form import FORMS, Form
from agent_gate.domain.secret_place import Place, is_secret_file, place_of

SLUG = LETTERS + "-_"
TOKENS = {
    "anthropic-key": "sk-ant-" + "api03-" + drawn(90, SLUG),
    "openai-key": "sk-proj-" + drawn(120, SLUG),
    "openrouter-key": "sk-or-v1-" + drawn(64, HEX),
    "model-key": "sk-" + drawn(48),
    "github-token": github_token(),
    "github-token, fine-grained": "github_pat_" + drawn(22) + "_" + drawn(59),
    "gitlab-token": "glpat-" + drawn(20, SLUG),
    "aws-key": "AKIA" + drawn(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "google-key": "AIza" + drawn(35, SLUG),
    "slack-token": "xoxb-" + drawn(12, "0123456789") + "-" + drawn(24),
    "slack-hook": "https://hooks.slack.com/services/" + "T" + drawn(8) + "/B" + drawn(8) + "/" + drawn(24),
    "stripe-key": "sk_live_" + drawn(24),
    "stripe-key, restricted": "rk_live_" + drawn(24),
    "twilio-key": "SK" + drawn(32, HEX),
    "sendgrid-key": "SG." + drawn(22, SLUG) + "." + drawn(43, SLUG),
    "npm-token": "npm_" + drawn(36),
    "pypi-token": "pypi-" + drawn(160, SLUG),
    "huggingface-token": "hf_" + drawn(34),
    "digitalocean-token": "dop_v1_" + drawn(64, HEX),
    "azure-key": "AccountName=shop;AccountKey="
    + drawn(86, LETTERS + "+/")
    + "==;EndpointSuffix=core.windows.net",
    "jwt": json_web_token(iss="shop", exp=1893456000, sub="u-81723"),
    "private-key": private_key(),
    "private-key, OpenSSH": private_key("OPENSSH "),
    "private-key, PKCS 8": private_key(""),
    "private-key, on one line": private_key().replace("\n", "\\n"),
    "private-key, encrypted": private_key().replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n", 1),
    "encoded-key": base64.b64encode(private_key().encode()).decode(),
    "url-password": "postgres://shop:" + drawn(12) + "@db-1.internal.shop.io:5432/orders",
    "authorization": "Authorization: Bearer " + drawn(40),
    "authorization, basic": "Authorization: Basic " + base64.b64encode(b"shop:Xk2%vQ9!pL").decode(),
    "password": 'PASSWORD = "Summer-2024!"',
    "password, drawn": f'api_key: "{drawn(32, HEX)}"',
    "password, typed": f'client_secret: Final[str] = "{drawn(24)}"',
    "password, in a table": f"config['SECRET_KEY'] = '{drawn(50, SLUG)}'",
    "password, as an argument": f'connect(user="shop", password="{drawn(14)}!")',
    "password, as a default": f'os.environ.get("API_TOKEN", "{drawn(32)}")',
    "password, in JSON in a text": f'"{{\\"password\\": \\"{drawn(20)}\\"}}"',
    "password, of AWS": f'aws_secret_access_key = "{drawn(40, LETTERS + "/+")}"',
    "password, bare": f"export DB_PASSWORD={drawn(24)}",
    "password, in XML": f"<password>{drawn(24)}</password>",
}


@pytest.mark.parametrize("kind", TOKENS)
def test_secrets_of_all_kinds_are_found(kind: str) -> None:
    text = f"first line\nx = {TOKENS[kind]}\nlast line\n"
    assert [secret.rule for secret in find_secrets(text)] == [kind.split(",", maxsplit=1)[0]]


@pytest.mark.parametrize("kind", TOKENS)
def test_what_is_found_is_taken_out_whole(kind: str) -> None:
    text = f"first line\nx = {TOKENS[kind]}\nlast line\n"
    (secret,) = find_secrets(text)
    redacted = redact(text)
    assert secret.value not in redacted
    assert secret.shown in redacted
    assert redacted.startswith("first line\n")
    assert redacted.endswith("last line\n")
    assert not find_secrets(redacted)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.anchors[0])
def test_every_form_can_be_asked(form: Form) -> None:
    assert form.whole.groupindex["value"]
    assert form.begun is None or form.begun.groupindex["value"]


LOOK_ALIKES = [
    "AKIA" + "IOSFODNN7EXAMPLE",
    "ghp_" + "x" * 36,
    "ghp_" + "1234567890abcdefghijklmnopqrstuvwxyzAB",
    "sk_live_" + "your_key_goes_here",
    "sk-ant-" + "api03-placeholder-of-the-manual-0000000",
    "sk-learn is a library, and sk-proj-names-are-usual",
    "hf_hub_download_with_a_long_name_indeed = 1",
    "-----BEGIN " + "PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    'if "-----BEGIN RSA ' + 'PRIVATE KEY-----" in text: raise ValueError(text)',
    "-----BEGIN CERTIFICATE-----\n" + drawn(64) + "\n" + drawn(64) + "\n-----END CERTIFICATE-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + drawn(43) + " ana@example.org",
    base64.b64encode(b"-----BEGIN CERTIFICATE-----\n" + drawn(200).encode()).decode(),
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0." + drawn(43),
    json_web_token(hello="world"),
    json_web_token(iss="joe", exp=1893456000),
    json_web_token(iss="https://shop.eu.auth0.com/", exp=1570000000),
    "'oauth_token=hh5s93j4hdidpola&oauth_token_secret=hdhd0244k9j7ao03'",
    'password = "changeme"',
    'password = "password123"',
    'PASSWORD = os.environ["PASSWORD"]',
    'password = getpass.getpass("Password: ")',
    "password: str | None = None, token: Token = Token.parse(text)",
    'SECRET_KEY = "<your secret key>"',
    "api_key = ${API_KEY}",
    "token: ${{ secrets.GITHUB_TOKEN }}",
    'token = "{{ vault_token_1 }}"',
    'password_field = "Passw0rd-Field"',
    'token_url = "https://auth.example.org/oauth2/v1/token"',
    'TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token"',
    'token = "550e8400-e29b-41d4-a716-446655440000"',
    "integrity: sha512-" + drawn(86) + "==",
    "--hash=sha256:" + drawn(64, HEX),
    'sha256 = "' + drawn(64, HEX) + '"',
    'password_hash = "$2b$12$' + drawn(53) + '"',
    'secret = "sha256:' + drawn(64, HEX) + '"',
    'end_token = "<|endoftext|>"',
    'next_token = "correcthorsebatterystaple"',
    'error_messages = {"password": "Enter-a-valid-password-of-8-characters"}',
    '{"password": "form-control-2 Input"}',
    "postgres://postgres:postgres@localhost/orders",
    "postgres://user:pass@host:5432/db",
    "https://user:${PASSWORD}@registry.shop.io/",
    "redis://:{password}@{host}:6379/0",
    "https://ana:Xk29vQ9pLq@shop.example.org/",
    "Authorization: Bearer <token>",
    "Authorization: Bearer {token}",
    "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
    "Basic authentication-and-authorization2-of-requests",
    "-----END " + "PUBLIC KEY-----",
]


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_what_only_looks_like_a_secret_passes(text: str) -> None:
    assert find_secrets(f"a line\n{text}\n") == []


@pytest.mark.parametrize(
    ("value", "places"),
    [
        ("Summer-2024!", {"source", "configuration", "secret file"}),
        (drawn(32), {"source", "configuration", "secret file", "test"}),
        ("korrekt", {"secret file"}),
        ("changeme", set()),
    ],
)
def test_where_a_value_stands_decides(value: str, places: set[Place]) -> None:
    everywhere: list[Place] = ["source", "test", "configuration", "secret file"]
    assert {place for place in everywhere if find_secrets(f'password = "{value}"', place)} == places


def test_two_secrets_are_told_apart_and_neither_is_told() -> None:
    one, two = github_token(1), github_token(2)
    shown = {secret.shown for secret in find_secrets(f"{one} {two}")}
    assert len(shown) == 2
    assert all(text.startswith("ghp_…(40 characters, sha256:") for text in shown)
    assert not any(part in text for text in shown for part in (one[4:10], two[4:10]))


def test_a_sample_is_no_secret_and_is_taken_out_all_the_same() -> None:
    sample = "ghp_" + "a1B2" * 9
    assert not find_secrets(sample)
    assert holds_secret(sample)
    assert sample not in redact(f"token {sample}")


@pytest.mark.parametrize(
    "kind", ["github-token", "anthropic-key", "aws-key", "jwt", "encoded-key", "sendgrid-key"]
)
@pytest.mark.parametrize("end", ["", "\n", "…", "..."])
def test_a_token_that_was_cut_off_is_taken_out_too(kind: str, end: str) -> None:
    told = TOKENS[kind].index(".eyJ") + 10 if kind == "jwt" else 20
    for size in range(told, len(TOKENS[kind]), 7):
        cut = TOKENS[kind][:size]
        assert cut[12:] not in redact(f"it says {cut}{end}")


def test_the_end_of_a_key_is_taken_out_without_its_beginning() -> None:
    key = private_key()
    lines = key.splitlines()
    assert redact("\n".join(["E   assert it", *lines[4:]])).count("\n") == 1
    assert lines[5] not in redact("\n".join(lines[:6]))


def test_tokens_glued_to_an_escape_or_a_sign_are_found_and_words_are_not_cut() -> None:
    token = github_token()
    for before in ("", " ", "=", "'", "\\n", "\\t", "/", "_", "ü "):
        assert find_tokens(before + token), before
    assert not find_tokens("a" + token)


@given(
    st.text(alphabet=st.sampled_from("aB3-_./:@\"'= \n+\\…"), max_size=60), st.sampled_from(sorted(TOKENS))
)
def test_redacting_twice_changes_nothing(text: str, kind: str) -> None:
    once = redact(f"{text} {TOKENS[kind]} {text}")
    assert redact(once) == once


@given(st.text(max_size=200))
def test_any_text_can_be_looked_at(text: str) -> None:
    redacted = redact(text)
    assert find_secrets(text) == [] or redacted != text


@given(
    st.lists(
        st.sampled_from(
            ["password", " = ", '"', "ghp_", "a1", "eyJ", ".", "://", ":", "@", "\n", *TOKENS.values()]
        ),
        max_size=12,
    )
)
def test_whatever_is_found_is_gone_after_redaction(pieces: list[str]) -> None:
    text = " ".join(pieces)
    redacted = redact(text)
    assert all(secret.value not in redacted for secret in find_secrets(text))


def _steps(text: str) -> int:
    """How much work a text is: the calls of functions while it is looked at."""
    import sys

    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        redact(text)
        find_secrets(text)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize(
    "piece",
    [
        "sk-", "eyJ", "eyJ" + "a" * 30 + ".", "-----BEGIN A PRIVATE KEY-----", "-----END PRIVATE KEY-----", "AKIA",
        "://", "://a:b", "password", "password='", "password: ", "Bearer a", "a1", "A" * 23 + "\n", "ghp_", "SG.aaaaaaaaaaaaaaaaa.",
        "-----BEGIN PRIVATE KEY-----\n" + "A" * 30 + "\n", "AAAA\n-----END PRIVATE KEY-----", "secret=aB3$",
    ],
)  # fmt: skip
def test_work_grows_no_faster_than_the_text(piece: str) -> None:
    small, large = _steps(piece * 300), _steps(piece * 1200)
    assert large < 4.5 * small + 2000


@pytest.mark.parametrize(
    "path",
    [
        ".env", "deploy/.env.production", "PROD.ENV", "certs/server.pem", "home/.ssh/config", "id_rsa", "keys/ID_RSA.pub",
        "credentials.json", "aws/Credentials", ".netrc", "infra/prod.tfvars",
    ],
)  # fmt: skip
def test_files_that_hold_secrets_are_known_by_name(path: str) -> None:
    assert is_secret_file(path)


@pytest.mark.parametrize(
    "path", ["shop/orders.py", "environment.py", "tests/test_keys.py", "docs/pem.md", "README.md"]
)
def test_source_is_no_secret(path: str) -> None:
    assert not is_secret_file(path)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("shop/orders.py", "source"), ("shop/latest.py", "source"), ("tests/test_a.py", "test"), ("README.md", "test"),
        ("deploy/values.yaml", "configuration"), ("Dockerfile.prod", "configuration"), (".env", "secret file"),
        ("deploy/.env.production", "secret file"), (".env.example", "test"), ("config/settings.example.ini", "test"),
        (".aws/credentials", "secret file"), ("src/credentials.py", "source"), ("secrets.py", "source"),
        ("infra/prod.tfvars", "secret file"), ("infra/prod.tfvars.example", "test"),
    ],
)  # fmt: skip
def test_what_kind_of_file_a_path_is(path: str, place: Place) -> None:
    assert place_of(path) == place
