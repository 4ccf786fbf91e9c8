"""Which files are read with more suspicion than source, and which with less: by their names."""

from __future__ import annotations

from typing import Literal

from agent_gate.domain.pattern import matches

Place = Literal["source", "test", "configuration", "secret file"]
"""What kind of file a value stands in; what looks like a password is most often none in a test."""

TESTS = (
    "tests", "test", "testing", "testdata", "fixtures", "cassettes", "docs", "doc", "examples", "example", "samples",
    "demos", "benchmarks", "test_*", "*_test.*", "*.test.*", "*.spec.*", "conftest.py", "*.md", "*.rst", "*.txt",
    "*.adoc", "*.ipynb", "changelog*",
)  # fmt: skip
"""Here passwords are samples: only what a machine drew counts. Tokens of a known form count everywhere."""
CONFIGURATION = (
    "*.env", "*.ini", "*.cfg", "*.conf", "*.properties", "*.toml", "*.yml", "*.yaml", "*.json", "*.tf", "*.tfvars",
    "*.sh", "dockerfile*", "makefile", "*.xml", "*.plist",
)  # fmt: skip
"""Here values stand without quotes."""
CREDENTIAL_FILES = (
    ".env", ".env.*", "*.env", ".envrc", ".netrc", "_netrc", ".pgpass", ".pypirc", ".npmrc", ".htpasswd",
    ".git-credentials", ".aws/credentials", "credentials.json", "credentials.yml", "credentials.yaml",
    "client_secret*.json", "service-account*.json", "secrets.yml", "secrets.yaml", "secrets.json", "secrets.toml",
    "secrets.ini", "*.tfvars", "kubeconfig*", ".kube/config", ".docker/config.json", ".dockercfg",
)  # fmt: skip
"""Here everything that is named like a secret is one, unless it is a placeholder."""
TEMPLATES = (
    "*.example", "*.sample", "*.template", "*.dist", "*.example.*", "*.sample.*", "*.template.*", "*-example.*",
    ".env.test", ".env.testing", ".env.ci",
)  # fmt: skip
"""Of files with such names, those that are made to be committed."""
SECRET_FILES = (
    ".env",
    ".env.*",
    "*.env",
    ".envrc",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.ppk",
    "*.tfvars",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "credentials*",
    "service-account*.json",
    "secrets.*",
    ".netrc",
    "_netrc",
    ".pgpass",
    ".pypirc",
    ".npmrc",
    ".htpasswd",
    ".git-credentials",
    ".aws",
    ".ssh",
    ".gnupg",
    ".kube",
    "kubeconfig*",
    ".docker/config.json",
)
"""Files that usually hold secrets: they are never shown to a model."""


def place_of(path: str) -> Place:
    """What kind of file a path is."""
    small = path.lower()
    if matches(small, TEMPLATES):
        return "test"
    if matches(small, CREDENTIAL_FILES):
        return "secret file"
    if matches(small, TESTS):
        return "test"
    return "configuration" if matches(small, CONFIGURATION) else "source"


def is_secret_file(path: str) -> bool:
    """Whether files of this name usually hold secrets; they are never shown, whatever the spec says."""
    return matches(path.lower(), SECRET_FILES)
