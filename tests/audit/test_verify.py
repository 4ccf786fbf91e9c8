from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from repositories import MakeRepository, commit_all, git, write_files
from sealed_runs import SealedRun, approve_run, put_note, seal_run

from agent_gate.audit.verify import CommitReport, verify_commit, verify_range
from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.errors import UsageError
from agent_gate.vcs.notes import NOTES_REF
from agent_gate.vcs.repo import Entry, Repository

Path = tuple[str | int, ...]
IN_ONE_REPOSITORY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(name="sealed")
def _sealed(make_repository: MakeRepository) -> SealedRun:
    return seal_run(approve_run(make_repository, files={"a.py": "a = 1\n", "agent-gate.toml": POLICY_FILE}))


POLICY_FILE = '[gates]\nrequired = ["ruff", "bandit", "tests"]\nadvisory = []\n[model]\nbudget_usd = 1.5\n'


def payload(line: str) -> Any:
    return json.loads(base64.b64decode(json.loads(line)["payload"]))


def enveloped(statement: Any) -> str:
    data = base64.b64encode(canonical_json(statement)).decode()
    return canonical_json(
        {"payload": data, "payloadType": "application/vnd.in-toto+json", "signatures": []}
    ).decode()


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all plain values, and of empty containers."""
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    found = [leaf for key, child in children for leaf in leaves(child, (*path, key))]
    yield from found or [path]


def altered(value: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(value)
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = altered(copy[path[0]], path[1:], change)
    return copy


def another(value: Any) -> Any:
    """A value of the same kind that differs."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return f"{value}x"
        case list():
            return ["x"]
        case dict():
            return {"x": 1}
        case _:
            return 1


def replace_note(repository: Repository, tree: str, lines: tuple[str, ...]) -> None:
    """Makes these the only lines of the tree's note."""
    git(repository.root, "update-ref", "-d", NOTES_REF)
    put_note(repository, tree, lines)


def rewritten(sealed: SealedRun, change: Callable[[bytes], bytes]) -> str:
    """A commit with other bytes; its evidence stands where it stood."""
    data = change(base64.b64decode(sealed.prepared.commit_object))
    return sealed.repository.text("hash-object", "-t", "commit", "-w", "--stdin", stdin=data)


def with_evidence(sealed: SealedRun, lines: tuple[str, ...]) -> CommitReport:
    """What is said of a forger's commit who works out all digests again that he can."""
    *others, last = lines
    summary = altered(
        payload(last),
        ("predicate", "agentGate", "statements"),
        lambda _: [sha256(line.encode()) for line in others],
    )
    forged = (*others, enveloped(summary))
    replace_note(sealed.repository, sealed.approved.tree, forged)
    old, new = (sha256(line.encode()).encode() for line in (sealed.prepared.evidence[-1], forged[-1]))
    return verify_commit(sealed.repository, rewritten(sealed, lambda data: data.replace(old, new)))


class TestUntouched:
    def test_holds_without_problem_or_remark(self, sealed: SealedRun) -> None:
        report = verify_commit(sealed.repository, sealed.prepared.commit, "all")
        assert report == CommitReport(
            commit=sealed.prepared.commit,
            holds=True,
            strength="consistent, unsigned",
            lines=sealed.prepared.evidence,
            run="01JABCDEF0123456789ABCDEFG",
            spec_id="orders-once",
        )

    def test_a_forger_who_changes_nothing_changes_nothing(self, sealed: SealedRun) -> None:
        report = with_evidence(sealed, sealed.prepared.evidence)
        assert (report.holds, report.remarks) == (True, ())

    @pytest.mark.parametrize("noise", ["not json", '{"payload":"","payloadType":"x","signatures":[]}'])
    def test_foreign_lines_are_ignored(self, sealed: SealedRun, noise: str) -> None:
        put_note(sealed.repository, sealed.approved.tree, (noise,))
        report = verify_commit(sealed.repository, sealed.prepared.commit)
        assert (report.holds, report.problems, report.remarks) == (True, (), ())


class TestAltered:
    @IN_ONE_REPOSITORY
    @given(data=st.data())
    def test_any_field_of_any_statement(self, sealed: SealedRun, data: st.DataObject) -> None:
        lines = list(sealed.prepared.evidence)
        index = data.draw(st.integers(0, len(lines) - 1))
        statement = payload(lines[index])
        path = data.draw(st.sampled_from(list(leaves(statement))))
        lines[index] = enveloped(altered(statement, path, another))
        replace_note(sealed.repository, sealed.approved.tree, tuple(lines))
        report = verify_commit(sealed.repository, sealed.prepared.commit)
        assert not report.holds
        assert "the note of the tree" in report.problems[0]

    @IN_ONE_REPOSITORY
    @given(data=st.data())
    def test_any_trailer(self, sealed: SealedRun, data: st.DataObject) -> None:
        before = base64.b64decode(sealed.prepared.commit_object).decode()
        head, _, block = before.rpartition("\n\n")
        trailers = block.splitlines()
        index = data.draw(st.integers(0, len(trailers) - 1))
        match data.draw(st.sampled_from(["drop", "repeat", "value", "key", "character"])):
            case "drop":
                del trailers[index]
            case "repeat":
                trailers.append(trailers[index])
            case "value":
                trailers[index] += "0"
            case "key":
                trailers[index] = f"X-{trailers[index]}"
            case _:
                place = data.draw(st.integers(0, len(trailers[index]) - 1))
                letter = data.draw(st.sampled_from("abz09:- "))
                trailers[index] = trailers[index][:place] + letter + trailers[index][place + 1 :]
        after = f"{head}\n\n" + "".join(f"{trailer}\n" for trailer in trailers)
        report = verify_commit(sealed.repository, rewritten(sealed, lambda _: after.encode()))
        if after != before:
            assert report.problems or report.remarks

    @IN_ONE_REPOSITORY
    @given(data=st.data())
    def test_any_byte_of_the_commit(self, sealed: SealedRun, data: st.DataObject) -> None:
        before = base64.b64decode(sealed.prepared.commit_object)
        start = before.index(b"author ")  # tree and parent must exist, else git refuses to read the commit
        place = data.draw(st.integers(start, len(before) - 1))
        after = (
            before[:place] + data.draw(st.sampled_from([b"", b"x", b"7", b"\n", b" "])) + before[place + 1 :]
        )
        oid = sealed.repository.text(
            "hash-object", "--literally", "-t", "commit", "-w", "--stdin", stdin=after
        )
        report = verify_commit(sealed.repository, oid, "all")
        assert report.problems or report.remarks or after == before

    @pytest.mark.parametrize(
        "header", ["tree", "parent", "two parents", "no parent", "author", "author time"]
    )
    def test_headers_that_are_evidence(self, sealed: SealedRun, header: str) -> None:
        repository, base = sealed.repository, sealed.approved.base.encode()
        other_tree = repository.write_tree(
            "HEAD", {"c.py": Entry("100644", repository.write_blob(b"c"))}
        ).encode()
        other = repository.text("commit-tree", "-m", "other", "HEAD^{tree}").encode()
        changes: dict[str, Callable[[bytes], bytes]] = {
            "tree": lambda d: d.replace(sealed.approved.tree.encode(), other_tree),
            "parent": lambda d: d.replace(b"parent " + base, b"parent " + other),
            "two parents": lambda d: d.replace(b"parent ", b"parent " + other + b"\nparent "),
            "no parent": lambda d: d.replace(b"parent " + base + b"\n", b""),
            "author": lambda d: d.replace(b"author Ana Ito", b"author Eve Ito"),
            "author time": lambda d: d.replace(b" +0000\ncommitter", b" +0100\ncommitter"),
        }
        report = verify_commit(repository, rewritten(sealed, changes[header]))
        assert not report.holds

    @pytest.mark.parametrize(
        ("old", "new", "remark"),
        [
            (b"committer Ana Ito", b"committer Bo Li", "the committer was"),
            (b"\n\nCreate", b"\nfork yes\n\nCreate", "the header 'fork' was added"),
            (b"Create an order", b"Destroy an order", "the message is not the approved one"),
            (b"however often", b"whenever", "the message is not the approved one"),
            (
                b"\n\nAssisted-by",
                b"\n\nSigned-off-by: A <a@x>\nAssisted-by",
                "the message is not the approved one",
            ),
        ],
    )
    def test_what_an_amend_may_change_is_remarked(
        self, sealed: SealedRun, old: bytes, new: bytes, remark: str
    ) -> None:
        report = verify_commit(sealed.repository, rewritten(sealed, lambda d: d.replace(old, new)))
        assert report.holds, report.problems
        assert report.remarks
        assert all(text.startswith("amended after the seal: ") for text in report.remarks)
        assert remark in " ".join(report.remarks)

    @pytest.mark.parametrize(
        "added",
        [
            b"Reviewed-by: Eve <eve@x>",
            b"reviewed-by: Eve <eve@x>",
            b"Co-authored-by: Eve <eve@x>",
            b"Agent-Gate-Run: 2",
        ],
    )
    def test_a_trailer_without_evidence_is_a_problem(self, sealed: SealedRun, added: bytes) -> None:
        report = verify_commit(sealed.repository, rewritten(sealed, lambda d: d + added + b"\n"))
        assert "does not follow from the evidence" in report.problems[0]


GATE = ("predicate", "agentGate")
SUMMARY = ("predicate", "agentGate")
FORGERIES: list[tuple[int, Path, Any, str]] = [
    (0, ("predicate", "result"), "PASSED", "says two different things"),
    (0, (*GATE, "findings"), [], "the verdict is not the recorded one"),
    (0, (*GATE, "findings", 0, "level"), "block", "the verdict is not the recorded one"),
    (1, (*GATE, "known_rules"), [], "judged again, it is blocked: SEC-1"),
    (1, (*GATE, "status"), "failed", "judged again, it is blocked: bandit"),
    (1, (*GATE, "gate"), "tests", "two statements speak for the same gate"),
    (1, ("predicate", "configuration", 0, "digest", "sha256"), "0" * 64, "says two different things"),
    (2, (*GATE, "cases", 0, "red"), "", "judged again, it is blocked: ACC-1"),
    (2, (*GATE, "cases", 0, "changed"), False, "the verdict is not the recorded one"),
    (2, (*GATE, "sandbox"), "none", "how the code was confined"),
    (2, ("subject", 0, "digest", "gitTree"), "0" * 40, "speaks about the tree"),
    (3, ("predicate", "decision"), "reject", "is no approval of this change"),
    (3, ("predicate", "targetID"), "0" * 40, "is no approval of this change"),
    (3, ("predicate", "fromID"), "0" * 40, "is no approval of this change"),
    (3, ("predicate", "targetRef"), "refs/heads/other", "is no approval of this change"),
    (3, ("predicate", "specDigest"), "x", "is no approval of this change"),
    (3, ("predicate", "policyDigest"), "x", "is no approval of this change"),
    (3, ("predicate", "verdictDigest"), "x", "is no approval of this change"),
    (3, ("predicate", "messageDigest"), "x", "is no approval of this change"),
    (3, ("predicate", "answers"), {}, "the clause LOAD-1 is unverified"),
    (3, ("predicate", "answers", "LOAD-1"), "looked at it twice", "the summary's matrix"),
    (3, ("predicate", "confirmed"), [], "nobody confirmed the verifier of ACC-1"),
    (4, ("predicate", "attempts", 0, "model_returned"), "other/model", "Assisted-by"),
    (5, (*SUMMARY, "run"), "01JOTHER", "Agent-Gate-Run"),
    (5, (*SUMMARY, "base"), "0" * 40, "does not stand on the gated base"),
    (5, (*SUMMARY, "ref"), "refs/heads/other", "is no approval of this change"),
    (5, (*SUMMARY, "spec"), "{}", "the spec in the summary is not the one"),
    (5, (*SUMMARY, "policy"), "{}", "the policy in the summary is not the one"),
    (5, (*SUMMARY, "policyBlob"), "", "read from another file"),
    (5, (*SUMMARY, "verdictDigest"), "x", "the verdict is not the recorded one"),
    (5, (*SUMMARY, "author"), "author Eve <e@x> 1 +0000", "the author is not the one of the seal"),
    (5, (*SUMMARY, "messageDigest"), "x", "is no approval of this change"),
    (5, (*SUMMARY, "matrix"), [], "the summary's matrix"),
    (5, (*SUMMARY, "matrix", 0, "digest"), f"sha256:{'0' * 64}", "the summary's matrix"),
    (5, (*SUMMARY, "matrix", 0, "state"), "waived", "the summary's matrix"),
    (5, (*SUMMARY, "matrix", 0, "rows", 0, "measured"), "never looked", "the summary's matrix"),
    (5, (*SUMMARY, "matrix", 1, "rows", 0, "required"), "no B101", "the summary's matrix"),
    (5, (*SUMMARY, "matrix", 2, "rows", 0, "modelWritten"), False, "the summary's matrix"),
    (5, (*SUMMARY, "result"), "pass; waived 1", "the summary's result"),
    (5, (*SUMMARY, "unsandboxed"), True, "how the code was confined"),
    (5, ("predicate", "properties"), ["AGENT_GATE_PASS"], "the summary's properties"),
    (5, ("predicate", "verifier", "policies"), [], "the summary names another policy"),
    (5, ("predicate", "agentGate", "extra"), "x", "cannot be read"),
]


class TestForged:
    """One thing is changed, and every digest that a forger can work out is worked out again."""

    @pytest.mark.parametrize(("index", "path", "value", "problem"), FORGERIES)
    def test_one_field(self, sealed: SealedRun, index: int, path: Path, value: Any, problem: str) -> None:
        lines = list(sealed.prepared.evidence)
        statement = payload(lines[index])
        holder = statement
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = value
        lines[index] = enveloped(statement)
        report = with_evidence(sealed, tuple(lines))
        assert not report.holds
        assert problem in "\n".join(report.problems)

    @pytest.mark.parametrize("index", [0, 1, 2, 3, 4])
    def test_a_left_out_line(self, sealed: SealedRun, index: int) -> None:
        lines = list(sealed.prepared.evidence)
        del lines[index]
        assert not with_evidence(sealed, tuple(lines)).holds

    def test_another_policy_with_its_digest(self, sealed: SealedRun) -> None:
        """The base asks for three gates; the forger's policy for none."""
        lines = list(sealed.prepared.evidence)
        summary = payload(lines[5])
        policy = json.loads(summary["predicate"]["agentGate"]["policy"])
        policy["gates"]["required"] = []
        text = canonical_json(policy)
        summary["predicate"]["agentGate"] |= {"policy": text.decode(), "policyDigest": sha256(text)}
        summary["predicate"]["verifier"]["policies"][0]["digest"]["sha256"] = sha256(text)[7:]
        approval = payload(lines[3])
        approval["predicate"]["policyDigest"] = sha256(text)
        report = with_evidence(sealed, (*lines[:3], enveloped(approval), lines[4], enveloped(summary)))
        assert not report.holds
        assert report.problems[0] == "the recorded policy is not the one that the base sets"


class TestGitAtWork:
    @pytest.fixture(autouse=True)
    def _landed(self, sealed: SealedRun) -> None:
        git(sealed.repository.root, "reset", "-q", "--hard", sealed.prepared.commit)

    def amended(self, sealed: SealedRun, *arguments: str) -> CommitReport:
        git(sealed.repository.root, "commit", "-q", "--amend", *arguments)
        return verify_commit(sealed.repository, "HEAD")

    def test_a_message_only_amend_survives(self, sealed: SealedRun) -> None:
        git(sealed.repository.root, "config", "user.email", "ana@elsewhere.example.org")
        report = self.amended(sealed, "--no-edit", "--signoff")
        assert report.holds
        assert report.remarks

    def test_an_amended_tree_does_not(self, sealed: SealedRun) -> None:
        write_files(sealed.repository.root, {"a.py": "a = 3\n"})
        assert not self.amended(sealed, "--no-edit", "--all").holds

    def test_another_author_does_not(self, sealed: SealedRun) -> None:
        assert not self.amended(sealed, "--no-edit", "--author=Eve <eve@example.org>").holds

    def test_dropped_trailers_are_no_claim(self, sealed: SealedRun) -> None:
        report = self.amended(sealed, "-m", "by hand, honestly")
        assert (report.holds, report.strength) == (True, "")

    def test_a_rebase_does_not(self, sealed: SealedRun) -> None:
        root = sealed.repository.root
        git(root, "switch", "-q", "-c", "other", sealed.approved.base)
        write_files(root, {"c.py": "c\n"})
        commit_all(root)
        git(root, "cherry-pick", sealed.prepared.commit)
        report = verify_commit(sealed.repository, "HEAD")
        assert not report.holds

    def test_the_divider_hides_nothing(self, sealed: SealedRun) -> None:
        commit = rewritten(sealed, lambda d: d.replace(b"Create an order once\n", b"Create\n\n---\n", 1))
        assert verify_commit(sealed.repository, commit).strength == "consistent, unsigned"

    def test_a_clone_without_the_notes(self, sealed: SealedRun) -> None:
        git(sealed.repository.root, "update-ref", "-d", NOTES_REF)
        assert not verify_commit(sealed.repository, "HEAD").holds

    def test_a_shallow_clone_says_what_is_missing(self, sealed: SealedRun, tmp_path_factory: Any) -> None:
        target = tmp_path_factory.mktemp("clone") / "shallow"
        git(
            sealed.repository.root,
            "clone",
            "-q",
            "--depth=1",
            f"file://{sealed.repository.root}",
            str(target),
        )
        git(target, "fetch", "-q", "origin", f"{NOTES_REF}:{NOTES_REF}")
        report = verify_commit(Repository.open(target), "HEAD")
        assert any("is not in this repository: fetch it first" in problem for problem in report.problems)


class TestRange:
    def test_one_revision_and_ranges(self, sealed: SealedRun) -> None:
        root = sealed.repository.root
        git(root, "reset", "-q", "--hard", sealed.prepared.commit)
        write_files(root, {"by-hand.txt": "x\n"})
        by_hand = commit_all(root, "by hand")
        base = sealed.approved.base
        assert [r.commit for r in verify_range(sealed.repository)] == [by_hand]
        assert [r.commit for r in verify_range(sealed.repository, "HEAD^")] == [sealed.prepared.commit]
        for text in (f"{base}..HEAD", f"{base}..", f"{base}...HEAD"):
            reports = verify_range(sealed.repository, text)
            assert [r.commit for r in reports] == [sealed.prepared.commit, by_hand]
            assert [r.holds for r in reports] == [True, True]
        assert [r.holds for r in verify_range(sealed.repository, f"{base}..", "all")] == [True, False]
        assert verify_range(sealed.repository, "HEAD..HEAD") == ()

    @pytest.mark.parametrize("text", ["nothing-here", "nothing..HEAD", "--all", "HEAD..--all"])
    def test_what_does_not_exist(self, sealed: SealedRun, text: str) -> None:
        with pytest.raises(UsageError):
            verify_range(sealed.repository, text)

    @pytest.mark.parametrize(
        "claim", ["Assisted-by: x", "Co-authored-by: Claude <noreply@anthropic.com>", "Agent-Gate-Run: 1"]
    )
    def test_a_claim_without_evidence(self, sealed: SealedRun, claim: str) -> None:
        commit_all(sealed.repository.root, f"change\n\n{claim}")
        (report,) = verify_range(sealed.repository)
        assert report.problems == ("says that a model took part, and has no evidence",)
