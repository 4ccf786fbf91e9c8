"""The command line. Each command's module is imported when it is called: start-up is a promise."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import click

from agent_gate import __version__
from agent_gate.errors import AgentGateError, ExitCode

_COMMANDS = {
    "approve": ("decide", "Approve a parked run, and seal it."),
    "check": ("check", "Run the gates on a change that is already there."),
    "demo": ("demo", "The whole loop on a sample repository; no key, no network."),
    "gates": ("gates", "List every gate, its tool, and whether it is available."),
    "init": ("init", "Put policy, schema and a first spec into this repository."),
    "reject": ("decide", "Reject a parked run."),
    "resume": ("run", "Carry a run on; rebases when its base has moved."),
    "review": ("ui", "Open the review screen of a parked run."),
    "run": ("run", "Propose, gate, repair, and park for approval."),
    "runs": ("look", "List the runs of this repository."),
    "show": ("look", "Show a run."),
    "spec": ("spec", "Check specs, and print their JSON Schema."),
    "verify": ("verify", "Recompute the evidence of commits, offline."),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"agent_gate.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][1]) for name in sorted(_COMMANDS)])


@click.command(
    cls=_LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="With no command, and at a terminal, the UI opens on the repository you stand in.",
)
@click.version_option(__version__, prog_name="agent-gate", message="%(prog)s %(version)s")
@click.option(
    "--repo",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The repository to work on.  [default: the one you stand in]",
)
@click.pass_context
def cli(context: click.Context, repo: Path) -> None:
    """Engineering gates around any code model.

    Every clause of the spec ends in evidence, or in a named person's signed word; nothing else counts
    as a pass.
    """
    context.obj = repo
    if context.invoked_subcommand is None:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            click.echo(context.get_help(), err=True)
            context.exit(ExitCode.USAGE)
        from agent_gate.cli.ui import open_home

        context.exit(open_home(repo))


_COLLECT_AFTER = 100_000
"""So many new objects are looked through for rubbish at a time: starting makes many, and leaves none."""


def program() -> None:
    """The installed command: `main`, without what Python does at the end to give each object back by itself.

    The system takes the memory back at once; that saves up to a tenth of a second.
    """
    gc.set_threshold(_COLLECT_AFTER)
    code = _run(None)
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        sys.exit(code)  # which waits for them
    atexit._run_exitfuncs()  # noqa: SLF001 - there is no public name for what Python would do next
    with suppress(OSError, AttributeError):  # what cannot be said was told, or has nobody to hear it
        sys.stderr.flush()
    os._exit(code)


def main(arguments: list[str] | None = None) -> None:
    """The program. Maps every outcome to the exit code that the contract promises."""
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        code = cli.main(args=arguments, prog_name="agent-gate", standalone_mode=False)
        if sys.stdout is not None:  # closed by who called
            sys.stdout.flush()
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; if a run was on its way, carry it on with: agent-gate resume @", err=True)
        return int(ExitCode.INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a log, and code 70
        return _told(error)
    return int(code or 0)


def _told(error: Exception) -> int:
    """Says what an error has to say, and gives its exit code."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.ClickException():
            error.show()
            return int(ExitCode.USAGE)
        case AgentGateError():
            from agent_gate.cli.output import tell_error

            tell_error(error)
            return int(error.exit_code)
        case BrokenPipeError():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return int(ExitCode.DONE)
        case _:
            from agent_gate.cli.crash import write_crash_log

            click.echo(f"a bug in agent-gate: {type(error).__name__}: {error}", err=True)
            click.echo(f"hint: please report it with the log {write_crash_log(error)}", err=True)
            return int(ExitCode.BUG)
