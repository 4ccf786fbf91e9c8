from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.survey.threat import Threat, threats_in
from agent_gate.survey.work_tree import WorkTree


def threats(root: Path, text: str, path: str = "app.py") -> list[Threat]:
    (root / path).write_text(text, encoding="utf-8")
    return list(threats_in(WorkTree(root), [path]))


@pytest.mark.parametrize(
    ("text", "cwe", "verifier"),
    [
        ('db.execute(f"SELECT * FROM t WHERE a = {a}")', "CWE-89", "bandit:B608"),
        ('db.execute("select %s" % a)', "CWE-89", "bandit:B608"),
        ('db.execute("delete from t where a = " + a)', "CWE-89", "bandit:B608"),
        ('db.execute("select {}".format(a))', "CWE-89", "bandit:B608"),
        ("subprocess.run(a, shell=True)", "CWE-78", "bandit:B602"),
        ("run(a, shell=True)", "CWE-78", "bandit:B604"),
        ("os.system(a)", "CWE-78", "bandit:B605"),
        ("pickle.loads(a)", "CWE-502", "bandit:B301"),
        ("yaml.load(a)", "CWE-502", "bandit:B506"),
        ("eval(a)", "CWE-95", "bandit:B307"),
        ("tarfile.open(a).extractall(b)", "CWE-22", "bandit:B202"),
        ("jwt.decode(a)", "CWE-347", ""),
        ("@csrf_exempt\ndef f(): ...", "CWE-352", ""),
        ("def f(file: UploadFile): ...", "CWE-434", ""),
        ("class User:\n    email: str", "CWE-532", ""),
        ("def f(password: str): ...", "CWE-532", ""),
    ],
)
def test_signs_of_a_weakness(tmp_path: Path, text: str, cwe: str, verifier: str) -> None:
    assert [(each.cwe, each.verifier) for each in threats(tmp_path, text)] == [(cwe, verifier)]


@pytest.mark.parametrize(
    "text",
    [
        'db.execute("SELECT * FROM t WHERE a = ?", (a,))',
        'log.text(f"selected {a}")',
        "subprocess.run(a, shell=False)",
        "yaml.load(a, Loader=yaml.SafeLoader)",
        "yaml.safe_load(a)",
        "'eval(a)'",
        "model.eval()",
        "def f(passwords: int): ...",
        "eval(",
    ],
)
def test_no_sign_of_a_weakness(tmp_path: Path, text: str) -> None:
    assert threats(tmp_path, text) == []


def test_the_first_sign_of_each_weakness_counts(tmp_path: Path) -> None:
    (first, second) = threats(tmp_path, "x = 1\npickle.loads(a)\neval(b)\nyaml.load(c)\n")
    assert (first.sign, first.path, first.line) == ("calls pickle.loads", "app.py", 2)
    assert (second.sign, second.line) == ("calls eval", 3)


def test_what_is_held_is_named(tmp_path: Path) -> None:
    (found,) = threats(tmp_path, "class Account:\n    iban: str\n")
    assert found.threat == "an account number ends in a log, an error message or an answer"


def test_tests_are_no_way_in(tmp_path: Path) -> None:
    assert threats(tmp_path, "eval(a)", "test_app.py") == []


@given(st.text(max_size=200).map(lambda text: f"eval(a)\n{text}"))
def test_no_source_makes_it_raise(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    root = tmp_path_factory.mktemp("tree")
    (root / "app.py").write_bytes(text.encode("utf-8", "surrogatepass"))
    assert all(each.line >= 1 for each in threats_in(WorkTree(root), ["app.py"]))
