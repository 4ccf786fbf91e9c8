"""Writes a spec into its file: asks for the place, and before it replaces what somebody else wrote."""

from __future__ import annotations

from textual.app import App
from textual.content import Content

from agent_gate.errors import SpecError
from agent_gate.tui.manuscript import Manuscript
from agent_gate.tui.screens.dialogs import AskScreen, ConfirmScreen, FailureScreen
from agent_gate.tui.screens.open_spec import SPEC_FOLDER


async def save(app: App[int], manuscript: Manuscript) -> bool:
    """Writes the file, whatever is still open in it; False where it was not written, which the person knows."""
    path = manuscript.path or await _ask_path(app, manuscript)
    if not path:
        return False
    try:
        if manuscript.would_replace(path) and not await app.push_screen_wait(
            ConfirmScreen(f"{path} holds something else than what was opened. Replace it?")
        ):
            return False
        manuscript.write(path)
    except (OSError, ValueError) as error:
        app.push_screen(FailureScreen(SpecError(str(error), path=path, hint="choose another path")))
        return False
    return True


async def _ask_path(app: App[int], manuscript: Manuscript) -> str | None:
    name = manuscript.draft.text("id").strip() or "spec"
    told = [Content("Relative to the root of the repository.")]
    return await app.push_screen_wait(AskScreen("Save as", told, value=f"{SPEC_FOLDER}/{name}.yaml"))
