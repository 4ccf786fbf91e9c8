from __future__ import annotations

import hashlib

import pytest
from benches import MakeBench
from secret_samples import LETTERS, drawn, github_token, private_key

from agent_gate.domain.gate import GateResult
from agent_gate.gating.secrets.allowed import ALLOWED_FILE
from agent_gate.vcs.repo import Entry

TOKEN = github_token()
FILES = {"shop/orders.py": "import json\n\nX = 1\n", "shop/old.py": f"KEY = '{github_token(9)}'\nY = 2\n"}


def rules(result: GateResult, *, introduced: bool = True) -> list[tuple[str, str, int]]:
    return sorted((f.rule, f.path, f.line) for f in result.findings if f.introduced == introduced)


def told(result: GateResult) -> str:
    return result.canonical().decode()


async def test_a_secret_blocks_whatever_a_comment_says_and_is_never_told(bench: MakeBench) -> None:
    change = {
        "shop/orders.py": f"X = '{TOKEN}'  # pragma: allowlist secret, gitleaks:allow, nosec\n",
        f"a-{TOKEN}.txt": "",
    }
    result = await (await bench(FILES, "secrets")).result(change)
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()[:4]
    shown = f"ghp_…(40 characters, sha256:{digest}…)"
    assert rules(result) == [("github-token", f"a-{shown}.txt", 0), ("github-token", "shop/orders.py", 1)]
    assert result.status == "failed"
    assert {f.excerpt for f in result.findings} == {shown}
    assert TOKEN not in told(result)


async def test_what_the_base_holds_already_is_told_and_does_not_block(bench: MakeBench) -> None:
    made = await bench(FILES, "secrets")
    moved = await made.result(
        {
            "shop/old.py": None,
            "shop/new.py": "".join(f"A{n} = {n}\n" for n in range(9)) + f"KEY = '{github_token(9)}'\n",
        }
    )
    assert (moved.status, rules(moved)) == ("passed", [])
    assert rules(moved, introduced=False) == [("github-token", "shop/new.py", 10)]
    untouched = await made.result({"shop/old.py": f"KEY = '{github_token(9)}'\nY = 3\n"})
    assert untouched.findings == ()


async def test_a_key_of_which_one_line_changes_is_a_new_key(bench: MakeBench) -> None:
    key = private_key().splitlines()
    made = await bench({"server.pem": "\n".join(key)}, "secrets")
    key[3] = drawn(64, seed=77)
    result = await made.result({"server.pem": "\n".join(key)})
    assert rules(result) == [("private-key", "server.pem", 1)]


@pytest.mark.parametrize("of", ["value", "file"])
async def test_the_list_of_the_base_is_the_way_out(bench: MakeBench, of: str) -> None:
    content = f"KEY = '{TOKEN}'\n"
    allowed = hashlib.sha256((TOKEN if of == "value" else content).encode()).hexdigest()
    listed = f"# samples\n\nsha256:{allowed}  of the manual\nnot a digest\n"
    made = await bench({**FILES, ALLOWED_FILE: listed}, "secrets")
    result = await made.result({"shop/new.py": content})
    assert (result.status, rules(result)) == ("passed", [])
    assert rules(result, introduced=False) == [("allowed-list", ALLOWED_FILE, 4)]
    other = await made.result({"shop/new.py": f"KEY = '{github_token(2)}'\n"})
    assert (other.status, other.hint) != ("passed", "")


async def test_the_changes_own_list_does_not_count(bench: MakeBench) -> None:
    allowed = hashlib.sha256(TOKEN.encode()).hexdigest()
    result = await (await bench(FILES, "secrets")).result(
        {"shop/new.py": f"KEY = '{TOKEN}'\n", ALLOWED_FILE: allowed + "\n"}
    )
    assert rules(result) == [("github-token", "shop/new.py", 1)]
    assert ALLOWED_FILE in result.hint


async def test_a_symbolic_link_in_place_of_a_file_and_a_deleted_file_are_no_reason_to_fail(
    bench: MakeBench,
) -> None:
    made = await bench(FILES, "secrets")
    link = Entry("120000", made.repository.write_blob(b"elsewhere"))
    result = await made.result({"shop/old.py": link, "shop/orders.py": None})
    assert result.findings == ()


async def test_very_long_lines_are_looked_at_to_their_end(bench: MakeBench) -> None:
    made = await bench(FILES, "secrets")
    result = await made.result({"bundle.js": "a = 1;" * 300_000 + f"k='{TOKEN}';" + "b = 2;" * 300_000})
    assert rules(result) == [("github-token", "bundle.js", 1)]
    assert len(told(result)) < 10_000


async def test_of_very_many_secrets_in_one_file_some_are_told_and_all_are_counted(bench: MakeBench) -> None:
    lines = [f"K{n} = '{'ghp_' + drawn(36, LETTERS, n)}'\n" for n in range(400)]
    result = await (await bench(FILES, "secrets")).result({"shop/keys.py": "".join(lines)})
    assert result.status == "failed"
    assert len(result.findings) == 51
    assert result.findings[-1].message == "350 more secrets in this file"


async def test_a_file_whose_name_is_no_text_is_looked_at_too(bench: MakeBench) -> None:
    result = await (await bench(FILES, "secrets")).result({"shop/a\udcff.py": f"X = '{TOKEN}'\n"})
    assert rules(result) == [("github-token", "shop/a\\udcff.py", 1)]
    assert TOKEN not in told(result)
