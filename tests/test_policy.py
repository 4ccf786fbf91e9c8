from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.domain.policy import GateOptions, GatesPolicy, Policy
from agent_gate.errors import PolicyError
from agent_gate.policy import POLICY_FILE, PolicySource, ReadBase, load_policy

CONTRACT = Path(__file__).parent / "golden" / "contract_policy.toml"
ALL_GATES = (
    "scope",
    "integrity",
    "secrets",
    "ruff",
    "bandit",
    "tests",
    "dependencies",
    "coverage",
    "mutation",
)
BUILT = ("scope", "integrity", "secrets", "ruff", "bandit", "tests")


def base(**files: str | bytes) -> ReadBase:
    """A base commit with these files; `toml` and `pyproject` name the two that count."""
    names = {"toml": POLICY_FILE, "pyproject": "pyproject.toml"}
    held = {names[k]: v.encode() if isinstance(v, str) else v for k, v in files.items()}
    return lambda path: (f"blob of {path}", held[path]) if path in held else None


def load(toml: str | bytes, gates: tuple[str, ...] = ALL_GATES) -> Policy:
    return load_policy(base(toml=toml), gates).policy


def problem(toml: str | bytes, gates: tuple[str, ...] = ALL_GATES) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        load(toml, gates)
    assert caught.value.hint
    return caught.value


class TestTheContractsExample:
    def test_it_is_read_key_by_key(self) -> None:
        policy = load(CONTRACT.read_bytes())
        assert policy.model.default == "anthropic/claude-sonnet-4-5"
        assert policy.model.budget_usd_per_day == Decimal(20)
        assert policy.gates.options["coverage"].changed_lines == 80
        assert policy.gates.options["bandit"].block_at == "medium"
        assert policy.services == {}
        (zone,) = policy.zones
        assert (zone.name, zone.paths, zone.risk, zone.gates, zone.approvals) == (
            "payments",
            ("shop/payments/**",),
            "critical",
            ("mutation",),
            2,
        )

    def test_apart_from_model_coverage_and_zone_it_states_the_defaults(self) -> None:
        stated, default = load(CONTRACT.read_bytes()).model_dump(), Policy().model_dump()
        assert stated["model"].pop("default")
        default["model"].pop("default")
        assert stated.pop("zones")
        default.pop("zones")
        assert stated["gates"]["options"].pop("coverage")
        assert stated == default

    def test_it_may_stand_in_pyproject(self) -> None:
        text = CONTRACT.read_text()
        renamed = text.replace("\n[[", "\n[[tool.agent-gate.").replace("\n[", "\n[tool.agent-gate.")
        renamed = renamed.replace("[tool.agent-gate.[tool.agent-gate.", "[[tool.agent-gate.")
        found = load_policy(
            base(pyproject=f"\n{renamed}".replace("\n[model]", "\n[tool.agent-gate.model]")), ALL_GATES
        )
        assert found.policy == load(text)
        assert found.blob == "blob of pyproject.toml"


class TestWhereItStands:
    def test_without_a_file_all_is_default_and_what_is_not_built_is_left_out(self) -> None:
        found = load_policy(base(), BUILT)
        assert found == PolicySource(found.policy, "")
        assert found.policy.gates.required == BUILT
        assert found.policy.gates.advisory == ()

    def test_a_file_that_states_one_key_keeps_the_other_defaults(self) -> None:
        policy = load("[approval]\nrequired = 2\n", BUILT)
        assert policy.approval.required == 2
        assert policy.gates.required == BUILT

    def test_one_gates_option_does_not_drop_anothers_default(self) -> None:
        policy = load("[gates.coverage]\nchanged_lines = 90\n")
        assert policy.gates.options["bandit"].block_at == "medium"

    def test_a_file_of_its_own_comes_before_pyproject(self) -> None:
        both = base(toml="[approval]\nrequired = 2\n", pyproject="[tool.agent-gate.approval]\nrequired = 3\n")
        assert load_policy(both, BUILT).policy.approval.required == 2

    @pytest.mark.parametrize("text", ["", "[tool.ruff]\n", "[project]\nname = 'x'\n", "not toml ["])
    def test_a_pyproject_that_does_not_speak_of_us_is_none_of_our_business(self, text: str) -> None:
        assert load_policy(base(pyproject=text), BUILT).blob == ""

    def test_a_pyproject_that_may_hold_our_policy_must_be_readable(self) -> None:
        with pytest.raises(PolicyError, match=r"pyproject\.toml"):
            load_policy(base(pyproject="[tool.agent-gate.approval]\nrequired = 2\n["), BUILT)
        with pytest.raises(PolicyError, match=r"tool\.agent-gate: must be a table"):
            load_policy(base(pyproject="[tool]\nagent-gate = 5\n"), BUILT)

    def test_keys_that_the_base_does_not_set_come_from_given_defaults(self) -> None:
        defaults = Policy.model_validate({"approval": {"required": 3}, "gates": {"required": ["ruff"]}})
        policy = load_policy(base(toml="[gates]\nadvisory = []\n"), BUILT, defaults).policy
        assert (policy.approval.required, policy.gates.required) == (3, ("ruff",))


class TestGates:
    @pytest.mark.parametrize(
        ("toml", "field"),
        [
            ('[gates]\nrequired = ["ruff", "mutation"]\n', "gates.required"),
            ('[gates]\nadvisory = ["mutation"]\n', "gates.advisory"),
            ("[gates.mutation]\ntimeout_s = 5\n", "gates.mutation"),
            ('[[zone]]\nname = "a"\npaths = ["a"]\ngates = ["mutation"]\n', "zone.0.gates"),
        ],
    )
    def test_a_gate_that_the_base_names_must_exist(self, toml: str, field: str) -> None:
        error = problem(toml, BUILT)
        assert error.message == f"{POLICY_FILE}: {field}: there is no gate 'mutation'"
        assert "agent-gate gates" in error.hint

    def test_a_gate_of_the_project_may_be_named(self) -> None:
        assert load('[gates]\nrequired = ["own"]\n', ("own",)).gates.required == ("own",)


class TestMistakes:
    @pytest.mark.parametrize(
        ("toml", "field"),
        [
            ("[modell]\n", "modell"),
            ("[model]\nname = 'x'\n", "model.name"),
            ("[gates]\nrequire = ['ruff']\n", "gates.require"),
            ("[gates.coverage]\nlines = 5\n", "gates.coverage.lines"),
            ("[approval]\nneeded = 1\n", "approval.needed"),
            ("[[zone]]\nname = 'a'\npaths = ['a']\nwho = 'x'\n", "zone.0.who"),
            ("[[zones]]\nname = 'a'\n", "zones"),
            ("[gates.options.bandit]\nblock_at = 'low'\n", "gates.options.bandit"),
        ],
    )
    def test_an_unknown_key_is_an_error_that_names_file_and_key(self, toml: str, field: str) -> None:
        assert problem(toml).message == f"{POLICY_FILE}: {field}: there is no such key"

    @pytest.mark.parametrize(
        ("toml", "field"),
        [
            ("gates = 5\n", "gates"),
            ("model = []\n", "model"),
            ("zone = 5\n", "zone"),
            ("zone = [5]\n", "zone.0"),
            ("[gates]\nrequired = 'ruff'\n", "gates.required"),
            ("[gates]\nrequired = [5]\n", "gates.required.0"),
            ("[approval]\nrequired = 0\n", "approval.required"),
            ("[approval]\nsignatures = 'never'\n", "approval.signatures"),
            ("[model]\nbudget_usd = inf\n", "model.budget_usd"),
            ("[paths]\nprotected = ['/etc']\n", "paths.protected.0"),
            ("[gates.bandit]\nblock_at = 'severe'\n", "gates.bandit.block_at"),
            ("[[zone]]\npaths = ['a']\n", "zone.0.name"),
            ("[services.db]\nsince = 2020-01-01\n", "services.db"),
            ("[services.db]\nport = nan\n", "services.db"),
        ],
    )
    def test_a_wrong_value_is_an_error_that_names_file_and_key(self, toml: str, field: str) -> None:
        assert problem(toml).message.startswith(f"{POLICY_FILE}: {field}: ")

    @pytest.mark.parametrize(
        "content", [b"[", b"\xff", b"\xef\xbb\xbf[model]", b"a = 1\na = 2\n", b"a = " + b"[" * 5000]
    )
    def test_a_file_that_cannot_be_read_is_an_error(self, content: bytes) -> None:
        assert problem(content).message.startswith(f"{POLICY_FILE}: ")

    @given(
        st.text()
        | st.lists(
            st.sampled_from(
                ["[gates]\n", "[[zone]]\n", "a=", "zone=", "gates=", "{}", "[]", "1", "\n", "paths="]
            )
        ).map("".join)
    )
    def test_whatever_stands_there_gives_a_policy_or_its_error(self, text: str) -> None:
        try:
            assert load(text.encode()).digest
        except PolicyError as error:
            assert error.message.startswith(POLICY_FILE)  # noqa: PT017 - both ends are right


class TestGroups:
    """`types` stands for each gate that checks types."""

    GATES = (*ALL_GATES, "mypy", "pyright")

    def test_a_group_stands_for_its_members_wherever_gates_are_listed(self) -> None:
        policy = load(
            '[gates]\nrequired = ["ruff", "types"]\nadvisory = ["types"]\n'
            '[[zone]]\nname = "core"\npaths = ["core/**"]\ngates = ["types"]\n',
            self.GATES,
        )
        assert policy.gates.required == ("ruff", "mypy", "pyright")
        assert policy.gates.advisory == ("mypy", "pyright")
        assert policy.zones[0].gates == ("mypy", "pyright")

    def test_what_a_member_says_itself_counts_before_what_the_group_says(self) -> None:
        policy = load("[gates.types]\ntimeout_s = 60\n[gates.mypy]\ntimeout_s = 90\n", self.GATES)
        assert policy.gates.options["mypy"].timeout_s == 90
        assert policy.gates.options["pyright"].timeout_s == 60
        assert "types" not in policy.gates.options

    @pytest.mark.parametrize(
        "toml", ["gates = 5\n", "zone = 5\n", "[gates]\nrequired = 5\n", "[[zone]]\ngates = 5\n"]
    )
    def test_what_is_no_list_is_still_told(self, toml: str) -> None:
        assert problem(toml, self.GATES).message.startswith("agent-gate.toml: ")


def test_a_setting_that_says_nothing_is_in_no_digest() -> None:
    plain = Policy()
    assert b"shards" not in plain.canonical()
    assert Policy.model_validate_json(plain.canonical()) == plain
    assert Policy(gates=GatesPolicy(options={"tests": GateOptions(shards=1)})).digest != plain.digest
