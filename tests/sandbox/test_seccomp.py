from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.sandbox.seccomp import (
    ALLOW,
    BESIDE_LANDLOCK,
    BESIDE_LANDLOCK_AS_OWNER,
    ERRNO,
    IN_NAMESPACES,
    KILL_PROCESS,
    Rules,
    program,
)
from agent_gate.sandbox.syscalls import LAST_KNOWN, MACHINES, NUMBERS, Machine

RULES = {
    "namespaces": IN_NAMESPACES,
    "landlock": BESIDE_LANDLOCK,
    "landlock as owner": BESIDE_LANDLOCK_AS_OWNER,
}
EVERY = [(rules, machine) for rules in RULES.values() for machine in MACHINES.values()]
EPERM, ENOSYS, NO_FAMILY = (ERRNO | number for number in (errno.EPERM, errno.ENOSYS, errno.EAFNOSUPPORT))


def evaluate(code: bytes, call: int, arguments: tuple[int, ...] = (), audit: int = 0) -> int:
    """What a filter answers: the few instructions of classic BPF that seccomp has (seccomp(2))."""
    padded = [each % 2**64 for each in (*arguments, 0, 0, 0, 0, 0, 0)][:6]
    data = struct.pack("<IIQ6Q", call, audit, 0, *padded)
    lines = list(struct.iter_unpack("<HBBI", code))
    place = accumulator = 0
    while True:
        kind, if_so, if_not, value = lines[place]
        place += 1
        if kind == 0x20:
            accumulator = struct.unpack_from("<I", data, value)[0]
        elif kind == 0x54:
            accumulator &= value
        elif kind == 0x06:
            return int(value)
        else:
            holds = {0x15: accumulator == value, 0x25: accumulator > value, 0x35: accumulator >= value}[kind]
            place += if_so if holds else if_not


def answer(rules: Rules, machine: Machine, name: str, *arguments: int) -> int:
    number = NUMBERS[name][machine.column]
    assert number is not None
    return evaluate(program(rules, machine), number, arguments, machine.audit)


@pytest.mark.parametrize(("rules", "machine"), EVERY)
@given(call=st.integers(0, 2**32 - 1), audit=st.integers(0, 2**32 - 1), first=st.integers(0, 2**64 - 1))
def test_another_machines_calls_end_the_process(
    rules: Rules, machine: Machine, call: int, audit: int, first: int
) -> None:
    if audit != machine.audit:
        assert evaluate(program(rules, machine), call, (first,), audit) == KILL_PROCESS


@pytest.mark.parametrize("rules", RULES.values())
@given(call=st.integers(0x40000000, 2**32 - 1))
def test_the_other_convention_of_the_same_machine_ends_the_process(rules: Rules, call: int) -> None:
    machine = MACHINES["x86_64"]
    assert evaluate(program(rules, machine), call, (), machine.audit) == KILL_PROCESS


@pytest.mark.parametrize(("rules", "machine"), EVERY)
@given(call=st.integers(LAST_KNOWN + 1, 0x3FFFFFFF))
def test_a_call_that_nobody_thought_about_does_not_exist(rules: Rules, machine: Machine, call: int) -> None:
    assert evaluate(program(rules, machine), call, (), machine.audit) == ENOSYS


@pytest.mark.parametrize(("rules", "machine"), EVERY)
@given(
    call=st.integers(0, LAST_KNOWN),
    arguments=st.tuples(*[st.integers(0, 2**64 - 1) | st.integers(0, 40)] * 3),
)
def test_each_call_is_answered_as_its_rule_says(
    rules: Rules, machine: Machine, call: int, arguments: tuple[int, ...]
) -> None:
    names = {numbers[machine.column]: name for name, numbers in NUMBERS.items()}
    name = names.get(call, "")
    told = evaluate(program(rules, machine), call, arguments, machine.audit)
    if name in rules.refused:
        assert told == EPERM
    elif name in rules.absent:
        assert told == ENOSYS
    else:
        for rule in rules.arguments:
            fits = arguments[rule.index] & 0xFFFFFFFF & rule.mask in rule.values
            if rule.call == name and fits is not rule.only:
                assert told == ERRNO | rule.error
                return
        assert told == ALLOW


@pytest.mark.parametrize("machine", MACHINES.values())
class TestArguments:
    def test_a_namespace_is_not_made_by_clone(self, machine: Machine) -> None:
        thread, fork = 0x003D0F00, 17
        for rules in RULES.values():
            assert answer(rules, machine, "clone", thread) == ALLOW
            assert answer(rules, machine, "clone", fork) == ALLOW
            assert answer(rules, machine, "clone", fork | 0x10000000) == EPERM
            assert answer(rules, machine, "clone", fork | 0x20000000 | 2**40) == EPERM

    def test_typing_into_a_terminal_is_refused_also_with_high_bits_set(self, machine: Machine) -> None:
        assert answer(IN_NAMESPACES, machine, "ioctl", 0, 0x5413) == ALLOW
        assert answer(IN_NAMESPACES, machine, "ioctl", 0, 0x5412) == EPERM
        assert answer(IN_NAMESPACES, machine, "ioctl", 0, 0x5412 | 1 << 32) == EPERM

    @pytest.mark.parametrize(
        ("family", "told"),
        [(1, ALLOW), (2, ALLOW), (10, ALLOW), (16, ALLOW), (17, NO_FAMILY), (40, NO_FAMILY)],
    )
    def test_kinds_of_sockets_beside_namespaces(self, machine: Machine, family: int, told: int) -> None:
        assert answer(IN_NAMESPACES, machine, "socket", family) == told

    def test_only_pairs_that_reach_nobody_else_beside_landlock(self, machine: Machine) -> None:
        close_on_exec = 0o2000000
        for family in (1, 2, 10, 16):
            assert answer(BESIDE_LANDLOCK, machine, "socket", family, 1) == EPERM
        assert answer(BESIDE_LANDLOCK, machine, "socketpair", 1, 1 | close_on_exec) == ALLOW
        assert answer(BESIDE_LANDLOCK, machine, "socketpair", 1, 5) == ALLOW
        assert answer(BESIDE_LANDLOCK, machine, "socketpair", 1, 2) == NO_FAMILY
        assert answer(BESIDE_LANDLOCK, machine, "socketpair", 2, 1) == NO_FAMILY

    def test_limits_and_priority_of_itself_only(self, machine: Machine) -> None:
        assert answer(BESIDE_LANDLOCK, machine, "prlimit64", 0, 7) == ALLOW
        assert answer(BESIDE_LANDLOCK, machine, "prlimit64", 4711, 7) == EPERM
        assert answer(BESIDE_LANDLOCK, machine, "setpriority", 0, 0, 5) == ALLOW
        assert answer(BESIDE_LANDLOCK, machine, "setpriority", 2, 0, 5) == EPERM
        assert answer(BESIDE_LANDLOCK, machine, "setpriority", 0, 4711, 5) == EPERM

    def test_only_who_owns_nothing_may_change_modes(self, machine: Machine) -> None:
        assert answer(BESIDE_LANDLOCK, machine, "fchmodat") == ALLOW
        assert answer(BESIDE_LANDLOCK_AS_OWNER, machine, "fchmodat") == EPERM


def test_programs_fit_the_kernels_limit() -> None:
    for rules, machine in EVERY:
        assert len(program(rules, machine)) // 8 <= 4096


def test_every_rule_names_a_known_call() -> None:
    for rules in RULES.values():
        named = {*rules.refused, *rules.absent, *(argument.call for argument in rules.arguments)}
        assert named <= set(NUMBERS)
