from __future__ import annotations

from collections.abc import Iterator

import pytest
from repositories import hermetic_git_environment, new_repository
from secret_samples import drawn, github_token, private_key

from agent_gate.gating.diff import read_diff
from agent_gate.gating.secrets.scan import Hit, added_secrets
from agent_gate.vcs.repo import Entry, Repository

TOKEN = github_token()
PASSWORD = "Summer-2024!"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """One repository for all: nothing is ever committed to it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in hermetic_git_environment(tmp_path_factory.mktemp("home")).items():
            patch.setenv(name, value)
        files = {"shop/orders.py": "import json\n\nX = 1\n"}
        yield new_repository(tmp_path_factory.mktemp("base") / "repo", files)


def added(repository: Repository, change: dict[str, str | bytes]) -> list[Hit]:
    base_tree = repository.tree_of("HEAD")
    contents = {path: text.encode() if isinstance(text, str) else text for path, text in change.items()}
    entries: dict[str, Entry | None] = {
        path: Entry("100644", repository.write_blob(data)) for path, data in contents.items()
    }
    tree = repository.write_tree(base_tree, entries)
    return list(added_secrets(read_diff(repository, base_tree, tree), []))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"shop/orders.py": f"import json\n\nX = '{TOKEN}'\n"}, [("github-token", "shop/orders.py", 3)]),
        ({"shop/orders.py": f"X = '{TOKEN}'  # pragma: allowlist secret, gitleaks:allow, nosec\n"}, [("github-token", "shop/orders.py", 1)]),
        ({"shop/new.py": f"PASSWORD = '{PASSWORD}'\n"}, [("password", "shop/new.py", 1)]),
        ({"tests/test_a.py": f"PASSWORD = '{PASSWORD}'\n"}, []),
        ({".env": "DEBUG=1\nDB_PASSWORD=korrekt\n"}, [("password", ".env", 2)]),
        ({".env.example": "DB_PASSWORD=korrekt\n"}, []),
        ({".env": "DEBUG=1\nDB_PASSWORD=${DB_PASSWORD}\nSECRET_KEY=changeme\n"}, []),
        ({".netrc": "machine shop.io login ana password korrekt\n"}, [("credential-file", ".netrc", 1)]),
        ({".pgpass": "# a comment: with: more: than: four\ndb.shop.io:5432:*:ana:korrekt\n"}, [("credential-file", ".pgpass", 2)]),
        ({".docker/config.json": '{"auths": {"shop.io": {"auth": "YW5hOmtvcnJla3Q="}}}\n'}, [("credential-file", ".docker/config.json", 1)]),
        ({"id_rsa": private_key() + "\n"}, [("private-key", "id_rsa", 1)]),
        ({"id_rsa.pub": f"ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB{drawn(300)} ana@shop.io\n"}, []),
        ({"store.jks": b"\xfe\xed\xfe\xed\x00\x00\x00\x02" + b"\x00" * 40}, [("key-store", "store.jks", 0)]),
        ({"client.p12": b"\x30\x82\x0a\x00\x02" + b"\x00" * 40}, [("key-store", "client.p12", 0)]),
        ({"debug.keystore": b"\xfe\xed\xfe\xed\x00\x00\x00\x02"}, []),
        ({"data.bin": b"\x00\x01\x02" + TOKEN.encode() + b"\x00\x07"}, [("github-token", "data.bin", 1)]),
        ({"notes.txt": f"token {TOKEN}".encode("utf-16")}, [("github-token", "notes.txt", 1)]),
        ({f"dump-{TOKEN}.txt": "x"}, [("github-token", f"dump-{TOKEN}.txt", 0)]),
    ],
)  # fmt: skip
def test_what_a_change_adds(
    base: Repository, change: dict[str, str | bytes], expected: list[tuple[str, str, int]]
) -> None:
    hits = [hit for hit in added(base, change) if hit.introduced]
    assert [(hit.rule, hit.path, hit.line) for hit in hits] == expected
    assert not any(
        secret in str(hit._replace(path="")) for hit in hits for secret in (TOKEN, PASSWORD, "korrekt")
    )


HALVES = f'"{TOKEN[:20]}"\n    "{TOKEN[20:]}"'


@pytest.mark.parametrize(
    "text",
    [
        f"X = (\n    {HALVES}\n)\n",
        f'X = [\n    "{TOKEN[:9]}"\n    + "{TOKEN[9:]}"\n]\n',
        f"X = [\n    f\"{TOKEN[:9]}{{''}}{TOKEN[9:]}\"\n]\n",
        f'X = [\n    "".join(["{TOKEN[:9]}", "{TOKEN[9:]}"])\n]\n',
        f'X = [\n    "{TOKEN[::-1]}"[::-1]\n]\n',
        f'X = [\n    "\\x{ord(TOKEN[0]):x}{TOKEN[1:]}"\n]\n',
        f'X = [\n    bytes.fromhex("{TOKEN.encode().hex()}").decode()\n]\n',
        f'A = "{TOKEN[:9]}"\nX = A + "{TOKEN[9:]}"\n',
        f'log(\n    password="{PASSWORD[:7]}"\n    "{PASSWORD[7:]}",\n)\n',
    ],
)
def test_what_is_put_together_is_one_text(base: Repository, text: str) -> None:
    (hit,) = added(base, {"shop/new.py": text})
    assert (hit.line, hit.introduced) == (2, True)
    assert TOKEN not in str(hit)
    assert PASSWORD not in str(hit)


@pytest.mark.parametrize(
    "text",
    [
        'X = (\n    "a long sentence about "\n    "passwords and tokens"\n)\n',
        'KEY = "api" + "_key"\nPASSWORD = PREFIX + "password"\nTOKEN = f"token-{number}"\n',
        'PASSWORD = os.environ["DB" + "_PASSWORD"]\nSECRET = "".join(parts)\n',
        "X = (\n",
    ],
)
def test_other_texts_may_be_put_together(base: Repository, text: str) -> None:
    assert added(base, {"shop/new.py": text}) == []


def test_what_was_put_together_before_is_not_new(base: Repository) -> None:
    before = f"X = (\n    {HALVES}\n)\n".encode()
    tree = base.write_tree(base.tree_of("HEAD"), {"shop/new.py": Entry("100644", base.write_blob(before))})
    moved = base.write_tree(tree, {"shop/new.py": Entry("100644", base.write_blob(b"\nY = 1\n" + before))})
    assert list(added_secrets(read_diff(base, tree, moved), [])) == []
    edited = before.replace(b"X = (", b"X = (  # moved").replace(b'"\n    "', b'" "')
    other = base.write_tree(tree, {"shop/new.py": Entry("100644", base.write_blob(edited))})
    assert [hit.introduced for hit in added_secrets(read_diff(base, tree, other), [])] == [False]
