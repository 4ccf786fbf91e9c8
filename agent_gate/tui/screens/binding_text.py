"""The words of the review: what is being looked at, what is signed, what comes next."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content

from agent_gate.domain.traceability import ClauseResult
from agent_gate.run.state import RunState
from agent_gate.tui.signs import block, plain, sign
from agent_gate.tui.view import RunView

_BRIEF = 7
_BRIEF_DIGEST = 4
_PATH_WIDTH = 20


def short_path(path: str) -> Content:
    """The end of a path, which tells more than its beginning."""
    shown = plain(path)
    return shown if len(shown) <= _PATH_WIDTH else Content.assemble("…", shown[-(_PATH_WIDTH - 1) :])


def review_head(view: RunView) -> Content:
    """`Review  orders-once  01JABC…  3 files  +84 −12   base 3f2a91c  tree 9be04d2`."""
    candidate = view.state.candidate
    parts = [
        Content.assemble((" Review  ", "bold"), plain(view.spec.id, "bold")),
        Content.styled(view.run_id[-8:], "$text-muted"),
    ]
    if candidate is not None:
        count = len(candidate.files)
        parts.append(Content(f"{count} file{'s' if count != 1 else ''}"))
        added = sum(file.added_lines for file in candidate.files)
        deleted = sum(file.deleted_lines for file in candidate.files)
        parts.append(Content.assemble((f"+{added}", "$text-success"), " ", (f"−{deleted}", "$text-error")))
        parts.append(
            Content.styled(f"base {view.state.base[:_BRIEF]}  tree {candidate.tree[:_BRIEF]}", "$text-muted")
        )
    return Content("  ").join(parts)


def binding_line(state: RunState) -> Content:
    """What an approval is valid for, in one line of short digests."""
    binding = state.binding
    if binding is None:
        return Content()
    digests = {
        "spec": binding.spec_digest,
        "policy": binding.policy_digest,
        "verdict": binding.verdict_digest,
    }
    shown = " ".join(
        f"{name} {digest.removeprefix('sha256:')[:_BRIEF_DIGEST]}" for name, digest in digests.items()
    )
    where = f"tree {binding.tree[:_BRIEF]} on {binding.base[:_BRIEF]} for {binding.ref.removeprefix('refs/heads/')}"
    verb = (
        "You sign"
        if state.phase in {"awaiting_approval", "stale"}
        else "Signed"
        if state.approvals
        else "Bound to"
    )
    return Content.assemble((f"{verb}: ", "bold"), plain(f"{where}; {shown}"))


def what_is_signed(state: RunState, answers: Mapping[str, str]) -> list[Content]:
    """Everything that an approval says, in full: nothing is signed that was not shown."""
    binding, verdict = state.binding, state.verdict
    if binding is None or verdict is None:
        return []
    told = [
        Content.assemble(("tree     ", "$text-muted"), binding.tree),
        Content.assemble(("base     ", "$text-muted"), binding.base),
        Content.assemble(("branch   ", "$text-muted"), plain(binding.ref.removeprefix("refs/heads/"))),
    ]
    told += _titled(
        "Your word",
        [Content.assemble(plain(name, "bold"), "  ", plain(text)) for name, text in answers.items()],
    )
    told += _titled(
        "You confirm: these rest on tests that the model wrote",
        [
            Content.assemble(plain(clause.clause, "bold"), "  ", plain(item.verifier))
            for clause in verdict.clauses
            for item in clause.evidence
            if item.model_written
        ],
    )
    told += _titled(
        "You accept",
        [
            Content.assemble(sign("ask"), " ", plain(q.source, "bold"), "  ", plain(q.message))
            for q in verdict.questions
        ],
    )
    if verdict.unsandboxed:
        told += _titled(
            "You accept", [Content.assemble(sign("ask"), " the candidate's code ran without a sandbox")]
        )
    digests = {
        "spec": binding.spec_digest,
        "policy": binding.policy_digest,
        "verdict": binding.verdict_digest,
    }
    told += _titled(
        "Digests",
        [
            Content.assemble((f"{name:9}", "$text-muted"), digest.removeprefix("sha256:"))
            for name, digest in digests.items()
        ],
    )
    if state.parked is not None:
        told += _titled("The message", [block(f"{state.parked.subject}\n\n{state.parked.body}".strip())])
    return told


def what_is_asked(clause: ClauseResult) -> list[Content]:
    """A clause that rests on the approver, and what there is to see."""
    asked = [item.required for item in clause.evidence if item.awaits_person]
    return [
        Content.assemble(plain(clause.clause, "bold"), "  ", plain(clause.sentence)),
        *(Content.assemble(sign("person"), " ", plain(text)) for text in asked),
    ]


def what_was_sealed(view: RunView, message: str) -> list[Content]:
    """The commit with its trailers, and the command that verifies it; `message` is the commit's."""
    sealed = view.state.sealed
    if sealed is None:
        return []
    text, _, trailers = message.strip().rpartition("\n\n")
    where = f"{sealed.commit[:12]} on {sealed.ref.removeprefix('refs/heads/')}"
    note = [plain(sealed.note, "$text-warning")] if sealed.note else []
    return [
        Content.assemble(sign("sealed"), " ", plain(where, "bold")),
        *note,
        *_titled("Trailers", [block(trailers)]),
        *_titled("Verify it, offline, now or in years", [plain(view.command, "bold $text-primary")]),
        *_titled("The message", [block(text)]),
    ]


def review_next(view: RunView, *, busy: bool) -> Content:
    """The one thing to do."""
    phase = view.state.phase
    if busy:
        return Content.assemble(sign("running"), " deciding and sealing…")
    match phase:
        case "awaiting_approval":
            awaiting = view.state.verdict.awaiting if view.state.verdict else ()
            asked = (
                f"   asks for your word on {', '.join(clause.clause for clause in awaiting)}"
                if awaiting
                else ""
            )
            approve = Content.assemble(("a", "bold $text-accent"), " approve", plain(asked, "$text-muted"))
            return Content.assemble(
                sign(phase),
                (" read it, then   ", "bold"),
                approve,
                "   ",
                ("r", "bold $text-accent"),
                " reject",
            )
        case "stale":
            return Content.assemble(
                sign(phase), " ", plain(view.next, "bold"), "   ", ("g", "bold $text-accent"), " gate again"
            )
        case "rejected":
            return Content.assemble(sign(phase), " ", plain(f"rejected: {view.state.end_message}", "bold"))
        case "blocked" | "aborted":
            return Content.assemble(sign(phase), " ", plain(view.state.end_message or view.next, "bold"))
        case _:
            return Content.assemble(
                sign(phase), " ", plain(view.next, "bold"), "   ", plain(view.command, "$text-muted")
            )


def _titled(title: str, lines: list[Content]) -> list[Content]:
    return [Content(), Content.styled(title, "bold"), *lines] if lines else []
