"""Tables on the terminal."""

from collections.abc import Sequence


def echo_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under heads; whole numbers with commas."""
    from rich.console import Console
    from rich.table import Table as Grid

    grid = Grid()
    for place, head in enumerate(heads):
        grid.add_column(head, overflow="fold", no_wrap=place == 0)
    for row in rows:
        grid.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    Console(highlight=False).print(grid)
