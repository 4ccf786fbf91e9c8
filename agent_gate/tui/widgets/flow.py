"""Short items beside each other, broken only between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget


class Flow(Widget):
    """Items on as many lines as they need; none is ever torn apart."""

    DEFAULT_CSS = "Flow { height: auto; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._items: tuple[Content, ...] = ()

    def show_items(self, items: Iterable[Content]) -> None:
        """Replaces what is shown."""
        fresh = tuple(items)
        if fresh != self._items or not all(a.is_same(b) for a, b in zip(fresh, self._items, strict=True)):
            self._items = fresh
            self.refresh(layout=True)

    def render(self) -> Content:
        """The items, laid out for the present width."""
        return Content("\n").join(_lines(self._items, self.size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """As many lines as the items need."""
        return len(_lines(self._items, width))


def _lines(items: Sequence[Content], width: int) -> list[Content]:
    lines: list[Content] = [Content()]
    for item in items:
        if lines[-1] and lines[-1].cell_length + item.rstrip().cell_length > width:
            lines[-1] = lines[-1].rstrip()
            lines.append(Content())
        lines[-1] += item
    return lines
