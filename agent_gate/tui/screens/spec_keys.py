"""The keys of the form; the footer and the help show them."""

from __future__ import annotations

from textual.binding import Binding, BindingType

SPEC_KEYS: list[BindingType] = [
    Binding("ctrl+s", "save", "Save", priority=True, key_display="^S", tooltip="Write the file"),
    Binding("ctrl+r", "run", "Run", priority=True, key_display="^R", tooltip="Save, and let a model work on it"),
    Binding("f2", "add_clause", "Add clause", priority=True, key_display="F2"),
    Binding("f3", "from_repository", "Repository", priority=True, key_display="F3", tooltip="Take what was found in this repository"),
    Binding("f4", "more", "More", priority=True, key_display="F4", tooltip="Show the fields that are rarely needed, too"),
    Binding("f5", "silence", "Silence", priority=True, key_display="F5", tooltip="Say why a question of the lint need not be asked here"),
    Binding("f8", "remove_clause", "Remove", priority=True, show=False, key_display="F8", tooltip="Remove the clause that the cursor is in"),
    Binding("pagedown", "turn(1)", "Next", priority=True, key_display="PgDn", tooltip="The next section"),
    Binding("pageup", "turn(-1)", "Previous section", priority=True, key_display="PgUp", show=False),
    Binding("f9", "start_over", "Start over", priority=True, show=False, key_display="F9", tooltip="Drop what was typed since it was opened or saved"),
    Binding("escape", "leave", "Back", show=False, key_display="Esc", tooltip="Back; what you typed is kept as a draft"),
    Binding("f1", "app.keys", "Help", key_display="F1"),
]  # fmt: skip
