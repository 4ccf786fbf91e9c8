"""Real repositories with real journals for the screens; nothing in them depends on the day or the machine."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]
from repositories import MakeRepository
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, TextArea
from textual.widgets.option_list import Option

from agent_gate.domain.approval import Person
from agent_gate.domain.gate import NOT_APPLICABLE, Finding, GateResult, TestCase
from agent_gate.domain.policy import GatesPolicy, Policy
from agent_gate.domain.proposal import Candidate, Proposal, Usage
from agent_gate.domain.spec import Spec
from agent_gate.domain.verdict import judge
from agent_gate.engine.context import Context
from agent_gate.run import events as ev
from agent_gate.run.journal import Journal
from agent_gate.spec.reader import parse_spec
from agent_gate.tui.app import AgentGateApp, Start, make_app
from agent_gate.tui.screens.dialogs import AskScreen
from agent_gate.tui.screens.spec_form import SpecScreen
from agent_gate.tui.screens.spec_start import StartScreen
from agent_gate.vcs.repo import Entry, Repository

SVGImageExtension.file_extension = "svg"  # the plugin names it as older versions of syrupy did

RUN_ID = "01JABCDEF0123456789ABCDEFG"
NOON = datetime(2025, 6, 2, 12, 0, tzinfo=UTC)
PATIENCE_S = 30.0

SPEC = """\
schema: agent-gate/spec/v1
id: orders-once
title: Create an order once
goal: POST /orders stores an order once, however often the client retries.
paths: {allow: ["shop/**", "tests/**"]}
security:
  - id: SEC-1
    threat: SQL injection through the note
    response: only bound parameters reach the database
    verified_by: ["bandit:B608"]
acceptance:
  - id: ACC-1
    statement: the same key returns the first order
    verified_by: ["pytest:tests/test_orders.py::test_same_key"]
approach:
  - id: DEC-1
    statement: a lock on the credit row; no new dependency
    verified_by: ["manual: the lock is taken before the balance is read"]
not_applicable:
  load: a clerk enters a few orders an hour
  latency: nobody waits for it
  failure_modes: there is nothing it depends on
"""
QUICK_SPEC = """\
schema: agent-gate/spec/v1
id: orders-once
title: Create an order once
goal: POST /orders stores an order once.
paths: {allow: ["shop/**"]}
acceptance:
  - id: ACC-1
    statement: nothing but the shop is touched
    verified_by: ["gate:scope"]
approach:
  - id: DEC-1
    statement: a lock on the credit row
    verified_by: ["manual: the lock is taken first"]
not_applicable: {load: none, latency: none, failure_modes: none, security: none}
"""
GOOD_REPLY = """\
I lock first.

shop/orders.py
```python
<<<<<<< SEARCH
    return db.insert(key, note)
=======
    db.lock(key)
    return db.insert(key, note)
>>>>>>> REPLACE
```
"""
BAD_REPLY = GOOD_REPLY.replace("db.insert(key, note)\n=======", "db.no_such_line()\n=======")
BASE = {
    "shop/orders.py": "def create(db, key, note):\n    return db.insert(key, note)\n\n\ndef find(db, key):\n    return db.find(key)\n",
    "README.md": "# shop\n",
}
FIRST = "def create(db, key, note):\n    db.run(f\"insert into orders values ('{note}')\")\n    return find(db, key)\n\n\ndef find(db, key):\n    return db.find(key)\n"
SECOND = 'INSERT = "insert into orders values (?, ?)"\n\n\ndef create(db, key, note):\n    db.run(INSERT, (key, note))\n    return find(db, key)\n\n\ndef find(db, key):\n    return db.find(key)\n'
TESTS = "from shop.orders import create\n\n\ndef test_same_key(db):\n    assert create(db, 'k', 'a') == create(db, 'k', 'b')\n"

Until = Callable[[Pilot[Any], Callable[[], object]], Awaitable[None]]
TypeText = Callable[[Pilot[Any], str], Awaitable[None]]
OpenApp = Callable[..., AgentGateApp]
Begin = Callable[[Pilot[Any], str], Awaitable[None]]


@pytest.fixture(autouse=True)
def _one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commits are made at one time, so that they have one id."""
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(name, "2025-06-02T11:00:00+00:00")


@pytest.fixture
def until() -> Until:
    """`await until(pilot, condition)`: waits for something to be so, and fails when it never is."""

    async def wait(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"never: {screen_text(pilot)}"
            await asyncio.sleep(0.02)
            await pilot.pause()

    return wait


@pytest.fixture
def type_text(until: Until) -> TypeText:
    """Puts a text where the cursor is, as a terminal's paste does."""

    async def put(pilot: Pilot[Any], text: str) -> None:
        await until(pilot, lambda: isinstance(pilot.app.focused, Input | TextArea))
        place = pilot.app.focused
        pilot.app.post_message(events.Paste(text))
        await until(
            pilot, lambda: text in (place.value if isinstance(place, Input) else getattr(place, "text", ""))
        )

    return put


def screen_text(pilot: Pilot[Any]) -> str:
    """What stands on the screen, line by line."""
    compositor = pilot.app.screen._compositor
    return "\n".join(
        "".join(segment.text for segment in line).rstrip() for line in compositor.render_strips()
    )


@pytest.fixture(name="screen_text")
def _screen_text() -> Callable[[Pilot[Any]], str]:
    return screen_text


@pytest.fixture
def shop(make_repository: MakeRepository) -> Repository:
    """A small shop."""
    return make_repository(BASE, name="shop")


@pytest.fixture
def open_app(shop: Repository) -> OpenApp:
    """`open_app(start, subject)`: the app on the shop, at twelve minutes past noon."""

    def opened(start: Start = "home", subject: str = "") -> AgentGateApp:
        return make_app(Context.open(shop.root), start, subject, clock=lambda: NOON + timedelta(minutes=12))

    return opened


@pytest.fixture
def begin(until: Until) -> Begin:
    """`await begin(pilot, "Blank")`: goes down to this line of the start screen and takes it."""

    async def choose(pilot: Pilot[Any], name: str) -> None:
        await until(pilot, lambda: isinstance(pilot.app.screen, StartScreen) and pilot.app.focused)
        beginnings = pilot.app.screen.query_one(OptionList)
        for _ in range(beginnings.option_count):
            if str(highlighted(beginnings).prompt).startswith(name, 2):
                break
            await pilot.press("down")
        assert str(highlighted(beginnings).prompt).startswith(name, 2)
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, StartScreen))

    return choose


@pytest.fixture
def save_new(until: Until) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """`await save_new(pilot)`: saves a new spec under the name that is proposed."""

    async def save(pilot: Pilot[Any]) -> None:
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskScreen) and pilot.app.focused)
        await pilot.press("enter")

    return save


def highlighted(options: OptionList) -> Option:
    """The line that the cursor is on."""
    option = options.highlighted_option
    assert option is not None
    return option


@pytest.fixture
def form(until: Until) -> Callable[[Pilot[Any]], Awaitable[SpecScreen]]:
    """`screen = await form(pilot)`: waits for the form, and until it has read its draft and the repository."""

    async def opened(pilot: Pilot[Any]) -> SpecScreen:
        await until(pilot, lambda: isinstance(pilot.app.screen, SpecScreen))
        screen = pilot.app.screen
        assert isinstance(screen, SpecScreen)
        await until(pilot, lambda: screen.reading.suggestions is not None and pilot.app.focused)
        return screen

    return opened


FOUR_GATES = Policy(gates=GatesPolicy(required=("scope", "ruff", "bandit", "tests"), advisory=()))
NINE_GATES = Policy(gates=GatesPolicy(advisory=("dependencies", "coverage", "mutation")))


@dataclass
class Story:
    """A journal as it grows: each event a second after the one before."""

    repository: Repository
    journal: Journal
    spec: Spec
    base: str
    attempt: int = 0
    policy: Policy = FOUR_GATES

    def tell(self, event: Any) -> None:
        """Writes one event."""
        moment = NOON + timedelta(seconds=len(self.journal.events()))
        with self.journal.writing() as journal:
            journal.append(event.model_copy(update={"time": moment}))

    def begin(self, model: str = "anthropic/claude-sonnet-4-5", spec: str = SPEC) -> None:
        """The run starts."""
        self.spec = parse_spec(spec.encode(), "spec.yaml")
        self.tell(
            ev.RunStarted(
                spec=self.spec, base=self.base, ref="refs/heads/main", policy=self.policy, policy_blob="", model=model,
                attempts=3, operator=Person(name="Ana Ito", email="ana@example.org"), version="1",
            )
        )  # fmt: skip

    def propose(self, cost_microusd: int = 40_000) -> None:
        """The model is asked, and answers."""
        self.attempt += 1
        self.tell(ev.ProposalStarted(attempt=self.attempt))
        proposal = Proposal(
            attempt=self.attempt, model_requested="anthropic/claude-sonnet-4-5", prompts=(), prompt_sha256="", reply_sha256="",
            model_returned="anthropic/claude-sonnet-4-5-20250929", usage=Usage(prompt_tokens=1200, completion_tokens=300, cost_microusd=cost_microusd),
        )  # fmt: skip
        self.tell(ev.ProposalFinished(proposal=proposal))

    def prepare(self, files: dict[str, str]) -> Candidate:
        """The reply becomes a tree."""
        changes = {
            path: Entry("100644", self.repository.write_blob(text.encode())) for path, text in files.items()
        }
        base_tree = self.repository.tree_of(self.base)
        tree = self.repository.write_tree(base_tree, changes)
        candidate = Candidate(
            base_commit=self.base, tree=tree, files=self.repository.changed_files(base_tree, tree)
        )
        self.tell(ev.CandidatePrepared(attempt=self.attempt, candidate=candidate))
        return candidate

    def check(self, candidate: Candidate, *results: GateResult) -> None:
        """The gates speak, and the verdict is made."""
        self.tell(
            ev.ChecksStarted(attempt=self.attempt, tree=candidate.tree, gates=tuple(r.gate for r in results))
        )
        for result in results:
            self.tell(ev.GateStarted(attempt=self.attempt, gate=result.gate))
            self.tell(ev.GateFinished(attempt=self.attempt, tree=candidate.tree, result=result))
        verdict = judge(self.spec, self.policy, candidate.tree, results)
        self.tell(ev.ChecksFinished(attempt=self.attempt, verdict=verdict, verdict_digest=verdict.digest))

    def send_back_first(self) -> None:
        """The first attempt builds SQL from a text, and bandit says so."""
        self.propose()
        candidate = self.prepare({"shop/orders.py": FIRST})
        finding = Finding(
            gate="bandit", rule="B608", path="shop/orders.py", line=2, message="Possible SQL injection vector",
            excerpt="db.run(…)",
        )  # fmt: skip
        self.check(
            candidate,
            _result("scope", "passed"),
            _result("ruff", "passed"),
            GateResult(
                gate="bandit",
                definition_digest="d",
                status="failed",
                reason="1 new finding",
                findings=(finding,),
            ),
            _result("tests", "skipped", reason="a static gate blocks"),
        )

    def pass_second(self) -> None:
        """The second attempt passes, with a question left."""
        self.propose()
        candidate = self.prepare({"shop/orders.py": SECOND, "tests/test_orders.py": TESTS})
        question = Finding(
            gate="ruff", rule="new-suppression", path="shop/orders.py", line=5, message="a reason is missing for the lock", level="ask"
        )  # fmt: skip
        case = TestCase(
            id="tests/test_orders.py::test_same_key",
            outcome="passed",
            on_base="failed",
            changed=True,
            red="assertion",
            mutants_killed=1,
        )
        bandit = GateResult(
            gate="bandit",
            definition_digest="d",
            tool_version="1.9.4",
            status="passed",
            known_rules=("B608",),
            verifies=("bandit",),
        )
        tests = GateResult(
            gate="tests",
            definition_digest="d",
            status="passed",
            cases=(case,),
            verifies=("pytest",),
            sandbox="bubblewrap",
        )
        ruff = GateResult(gate="ruff", definition_digest="d", status="passed", findings=(question,))
        self.check(candidate, _result("scope", "passed"), ruff, bandit, tests)

    def ask_with_all_gates(self) -> None:
        """Nine gates run; nothing blocks, and each kind of question is left."""
        self.policy = NINE_GATES
        self.begin()
        self.propose()
        candidate = self.prepare({"shop/orders.py": SECOND, "tests/test_orders.py": TESTS})
        self.check(candidate, *all_gates())

    def park(self) -> None:
        """A person has to decide."""
        self.tell(ev.Parked(subject=self.spec.title, body=self.spec.goal))


def _result(gate: str, status: Any, reason: str = "", **fields: Any) -> GateResult:
    return GateResult(gate=gate, definition_digest="d", status=status, reason=reason, **fields)


def all_gates() -> tuple[GateResult, ...]:
    """What nine gates say of a change whose tests miss something."""
    weakened = Finding(
        gate="integrity", rule="weakened-assertion", path="tests/test_orders.py", line=5, level="ask",
        message="the assertion says less than it did", excerpt="assert create(db, 'k', 'a')",
    )  # fmt: skip
    missed = Finding(
        gate="coverage", rule="not-run", path="shop/orders.py", line=6, severity="high",
        message="shop/orders.py: no test runs line 6", excerpt="return find(db, key)",
    )  # fmt: skip
    survived = Finding(
        gate="mutation", rule="survived", path="shop/orders.py", line=5, severity="high",
        message="`(key, note)` → `(key, None)` is not noticed by the one test that runs this line",
        excerpt="- (key, note)\n+ (key, None)",
    )  # fmt: skip
    same_key = TestCase(
        id="tests/test_orders.py::test_same_key", outcome="passed", on_base="failed", changed=True, red="assertion"
    )  # fmt: skip
    noticed = TestCase(id=same_key.id, outcome="passed", changed=True, mutants_tried=3, mutants_killed=2)
    return (
        _result("bandit", "passed", tool_version="1.9.4", known_rules=("B608",), verifies=("bandit",)),
        _result("dependencies", "skipped", reason=NOT_APPLICABLE),
        _result("integrity", "passed", findings=(weakened,)),
        _result("ruff", "passed"),
        _result("scope", "passed"),
        _result("secrets", "passed"),
        _result(
            "coverage", "failed", reason="the tests run 75 % of the changed lines and branches, and 80 % are asked",
            findings=(missed,), measures={"changed_lines": 4, "missed_lines": 1},
        ),
        _result(
            "tests", "passed", cases=(same_key,), verifies=("pytest",), sandbox="bubblewrap",
            measures={"tests": 1, "passed": 1, "red_on_base": 1},
        ),
        _result(
            "mutation", "failed", reason="1 new finding", findings=(survived,), cases=(noticed,), sandbox="bubblewrap",
            measures={"mutants": 3, "killed": 2, "survived": 1, "verifiers": 1, "noticing_verifiers": 1},
        ),
    )  # fmt: skip


@pytest.fixture
def replies() -> dict[str, str]:
    """One reply that can be applied, and one that cannot."""
    return {"good": GOOD_REPLY, "bad": BAD_REPLY}


@pytest.fixture
def story(shop: Repository) -> Story:
    """A run of the shop that has not begun; its id is always the same."""
    return _new_story(shop, RUN_ID)


@pytest.fixture
def another_story(shop: Repository) -> Callable[[str], Story]:
    """More runs: `another_story("01J…")`."""
    return lambda run_id: _new_story(shop, run_id)


def _new_story(shop: Repository, run_id: str) -> Story:
    directory = Context.open(shop.root).runs.root / run_id
    directory.mkdir(parents=True, mode=0o700)
    return Story(shop, Journal(directory), parse_spec(SPEC.encode(), "spec.yaml"), shop.resolve("HEAD"))


@pytest.fixture
def parked(story: Story) -> Story:
    """A run that waits: the first attempt was sent back, the second passed."""
    story.begin()
    story.send_back_first()
    story.pass_second()
    story.park()
    return story


@pytest.fixture
def parked_by_all(story: Story) -> Story:
    """A run that nine gates looked at and that waits for answers."""
    story.ask_with_all_gates()
    story.park()
    return story


@pytest.fixture
def gated_shop(make_repository: MakeRepository) -> Repository:
    """A shop whose policy wants one quick gate only, so that a whole run takes no time."""
    policy = '[gates]\nrequired = ["scope"]\nadvisory = []\n'
    files = {**BASE, "agent-gate.toml": policy, "specs/orders-once.yaml": QUICK_SPEC}
    return make_repository(files, name="gated")


@pytest.fixture
def recording(tmp_path: Path) -> Callable[..., str]:
    """`recording(first, second)`: replies as a model's name, `replay:PATH`."""

    def record(*texts: str, delay_s: float = 0.0) -> str:
        path = tmp_path / "replies.jsonl"
        lines = [{"attempt": n, "text": text, "delay_s": delay_s} for n, text in enumerate(texts, start=1)]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        return f"replay:{path}"

    return record
