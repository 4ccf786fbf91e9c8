"""The diff of a candidate, with findings under their lines; only the lines in sight are ever rendered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from agent_gate.tui.diff_rows import Kind, Row, wrapped

_GUTTER = 6
"""Columns for a line number and the sign."""
_MARGIN = 4
"""Columns that a finding is set in."""
_SIGNS: Mapping[Kind, str] = {"added": "+", "deleted": "−", "block": "✗", "ask": "?", "told": "·"}


class DiffView(ScrollView, can_focus=True):
    """Rows of a diff. `n` and `p` go from one finding or file to the next."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"diff--{kind}"
        for kind in (
            "file",
            "hunk",
            "added",
            "deleted",
            "context",
            "note",
            "block",
            "ask",
            "told",
            "number",
            "more",
            "here",
        )
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
        Binding("space", "page_down", show=False),
    ]

    class Moved(Message):
        """Another file is at the top, or another stop was gone to."""

        def __init__(self, path: str, place: int, places: int) -> None:
            super().__init__()
            self.path = path
            self.place = place
            self.places = places

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._rows: tuple[Row, ...] = ()
        self._shown: tuple[Row, ...] = ()
        self._stops: tuple[int, ...] = ()
        self._at = 0

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Replaces what is shown."""
        self._rows = tuple(rows)
        self._at = 0
        self._lay_out()
        # At once: later it would undo what a person scrolled meanwhile.
        self.scroll_home(animate=False, immediate=True)

    def on_resize(self) -> None:
        """Findings are broken to the new width."""
        self._lay_out()

    def go_to_file(self, path: str) -> None:
        """Scrolls to the head of a file."""
        for position, row in enumerate(self._stops):
            if self._shown[row].kind == "file" and self._shown[row].path == path:
                self._go(position)
                return

    def step(self, by: int) -> None:
        """Goes to the next (1) or previous (-1) finding or file, and stays at either end."""
        if self._stops:
            self._go(min(max(self._at + by, 0), len(self._stops) - 1))

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        scroll_x, scroll_y = self.scroll_offset
        width = self.scrollable_content_region.width
        number = scroll_y + y
        base = self.rich_style
        if number >= len(self._shown):
            return Strip.blank(width, base)
        row = self._shown[number]
        style = self.get_component_rich_style(f"diff--{row.kind}")
        if self._stops and number == self._stops[self._at]:
            style += self.get_component_rich_style("diff--here") if row.kind == "file" else Style(bold=True)
        strip = Strip(self._segments(row, style))
        more = strip.cell_length > scroll_x + width
        filled = base if row.kind in {"context", "note"} else style
        if not more:
            return strip.crop_extend(scroll_x, scroll_x + width, filled).apply_style(base)
        mark = Segment("›", filled + self.get_component_rich_style("diff--more"))
        return Strip([*strip.crop(scroll_x, scroll_x + width - 1), mark]).apply_style(base)

    def _segments(self, row: Row, style: Style) -> list[Segment]:
        match row.kind:
            case "file":
                return [Segment(row.text, style)]
            case "hunk":
                return [Segment(f"{'⋯':>{_GUTTER - 1}} {row.text}", style)]
            case "block" | "ask" | "told":
                mark = _SIGNS[row.kind] if row.first else " "
                return [Segment(f"{' ' * _MARGIN}┆ {mark} {row.text}", style)]
            case "note":
                return [Segment(f"{' ' * _GUTTER}{row.text}", style)]
            case _:
                number = self.get_component_rich_style("diff--number")
                head = f"{row.new or row.old:>{_GUTTER - 2}} "
                return [
                    Segment(head, number + Style(bgcolor=style.bgcolor)),
                    Segment(f"{_SIGNS.get(row.kind, ' ')} {row.text}", style),
                ]

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        if not width:
            return
        here = self._shown[self._stops[self._at]] if self._stops else None
        self._shown = wrapped(self._rows, width - _MARGIN - len("┆ ✗ ") - 1)
        self._stops = tuple(number for number, row in enumerate(self._shown) if row.is_stop)
        self._at = next((i for i, n in enumerate(self._stops) if self._shown[n] == here), 0)
        widest = max((len(row.text) for row in self._shown), default=0) + _GUTTER + 2
        self.virtual_size = Size(max(widest, width), len(self._shown))
        self._tell()
        self.refresh()

    def _go(self, position: int) -> None:
        self._at = position
        line = self._stops[position]
        room = 0 if self._shown[line].kind == "file" else self.scrollable_content_region.height // 3
        self.scroll_to(x=0, y=max(line - room, 0), animate=False)
        self.refresh()
        self._tell()

    def _tell(self) -> None:
        if self._stops:
            path = self._shown[self._stops[self._at]].path
            self.post_message(self.Moved(path, self._at + 1, len(self._stops)))
