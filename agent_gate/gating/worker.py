"""Works on one gate job: the only thing that another machine has to do for us.

A worker needs the objects of the job's trees, the tool and the environment that the job names, and the
sandbox that it asks for. What it does not have it says, as an errored result.
"""

from __future__ import annotations

from agent_gate.domain.gate import GateResult
from agent_gate.errors import AgentGateError
from agent_gate.gating.canary import flagged
from agent_gate.gating.checks import CHECKS
from agent_gate.gating.context import GateContext, errored, together
from agent_gate.gating.installed import installed_digest
from agent_gate.gating.job import GateJob, variables_digest
from agent_gate.gating.tool_gate import measure_tool_base, run_tool
from agent_gate.gating.tools import tool_version
from agent_gate.gating.workplace import Workplace


async def work(workplace: Workplace, job: GateJob) -> GateResult:
    """The result of a job, without secrets: what a tool quotes of the code may hold one.

    A gate that says it found nothing is believed only once its canary was flagged.
    """
    result = await _worked(workplace, job)
    from agent_gate.gating.secrets.redaction import redact_result  # the gate need not wait for its import

    return redact_result(result)


async def _worked(workplace: Workplace, job: GateJob) -> GateResult:
    context = GateContext(job, workplace)
    if misfit := await _misfit(context):
        return errored(context, misfit, "give the job to a worker that has what it names")
    try:
        result, canary = await together(_look(context), flagged(workplace, job))
    except AgentGateError as error:
        return errored(context, error.message, error.hint)
    if result.status != "passed":
        return result
    if not canary.believed:
        return errored(
            context, f"its canary: {canary.reason}", "the gate does not see what it must see here: mend the gate",
            tool_version=job.tool_version,
        )  # fmt: skip
    return result.model_copy(update={"canary": canary.word})


async def measure_base(workplace: Workplace, job: GateJob) -> None:
    """Puts what the job has to know about the base into the cache, so that a candidate need not wait.

    What goes wrong here goes wrong again when the candidate is judged, and becomes that gate's result.
    """
    context = GateContext(job, workplace)
    try:
        await together(_measure(context), flagged(workplace, job))
    except AgentGateError:
        return


async def _look(context: GateContext) -> GateResult:
    check = context.definition.check
    return await (CHECKS[check].run(context) if check else run_tool(context))


async def _measure(context: GateContext) -> None:
    check = context.definition.check
    await (CHECKS[check].measure_base(context) if check else measure_tool_base(context))


async def _misfit(context: GateContext) -> str:
    """What the job names and this workplace does not have."""
    job, workplace = context.job, context.workplace
    if job.definition.executes and job.environment_digest != workplace.environment.digest:
        return "another environment is installed here than the job names"
    if job.sandbox != workplace.sandbox_name:
        return f"code is confined by {workplace.sandbox_name} here, and the job asks for {job.sandbox}"
    if job.variables_digest != variables_digest(job.definition):
        return "the variables that the gate lets through have other values here"
    if job.installed_digest != installed_digest(job.definition, workplace.environment):
        return "other things are installed beside the sources here than the job names"
    version = await tool_version(job.definition, workplace.environment)
    if version != job.tool_version:
        return f"{job.definition.tool} is here in version {version}, and the job asks for {job.tool_version}"
    return ""
