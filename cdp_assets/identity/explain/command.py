"""`cdp explain`: why some records are one customer."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdp_assets.errors import ConfigurationError, DataError
from cdp_assets.identity.opened import opened_warehouse

if TYPE_CHECKING:
    from cdp_assets.identity.config import IdentityConfig
    from cdp_assets.identity.explain.explanation import Explanation
    from cdp_assets.identity.scoring.model import MatchModel
    from cdp_assets.warehouses.base import Warehouse

_STATE, _MODEL = "state.duckdb", "model.json"


@click.command()
@click.argument("asked", metavar="CUSTOMER_ID|source:record_id")
@click.option("--to", metavar="source:record_id", help="Show the strongest path to another record of the customer.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page that opens offline.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), help="Ask the state that `cdp match` keeps.")
@click.option("--rules", type=click.Path(dir_okay=False, path_type=Path), help="The rules that state was made with.")
def explain(
    asked: str, to: str | None, html: Path | None, as_json: bool, state: Path | None, rules: Path | None
) -> None:
    """Why some records are one customer: side by side, each link, what was kept out, and the id's history.

    It shows personal data, and changes nothing.
    """
    from cdp_assets.identity.explain.explain import explanation

    if rules is not None and state is None:
        raise click.UsageError("--rules goes with --state: a deployment keeps the links that its own rules made.")
    with _opened(state, rules) as (warehouse, model, config):
        told = explanation(warehouse, asked, model, config)
    path = None if to is None else told.path_to(to)
    if html is not None:
        from cdp_assets.identity.explain.html import render_html

        _write_private(html, render_html(told))
        click.echo(f"written to {html}, for you alone to read: it shows personal data", err=as_json)
    if as_json:
        places = None if path is None else [told.customers[0].links.index(link) for link in path]
        plain = told.as_json() if to is None else told.as_json() | {"path": places}
        click.echo(json.dumps(plain, indent=2, ensure_ascii=False))
    elif html is None:
        _print(told, to)


@contextmanager
def _opened(
    state: Path | None, rules: Path | None
) -> Iterator[tuple["Warehouse", "MatchModel | None", "IdentityConfig | None"]]:
    """The deployment's warehouse, or the one of a state with the model beside it and the rules it was made with."""
    if state is None:
        with opened_warehouse() as warehouse:
            yield warehouse, None, None
        return
    from cdp_assets.identity.match.files import SHIPPED_RULES, read_rules
    from cdp_assets.identity.pipeline.models import configured
    from cdp_assets.identity.scoring.model import MatchModel
    from cdp_assets.warehouses.duckdb import DuckDBWarehouse

    if not (state / _STATE).is_file():
        raise DataError(f"{state} holds no {_STATE}; name the folder that `cdp match --state` was given.")
    config = read_rules(rules or SHIPPED_RULES)
    model = configured(MatchModel.from_file(state / _MODEL), config)
    with closing(DuckDBWarehouse(state / _STATE)) as kept, kept.session():
        yield kept, model, config


def _print(told: "Explanation", to: str | None) -> None:
    from rich.console import Console

    from cdp_assets.identity.explain.text import lines_of

    console = Console(highlight=False)
    for part in lines_of(told, to):
        console.print(part)


def _write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read, whole or not at all; one that is there is replaced."""
    draft = None
    try:
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".cdp-explain-")  # made with mode 0600
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        Path(draft).replace(path)
    except OSError as error:
        raise ConfigurationError(
            f"--html {path} cannot be written: {error.strerror}; name a file in a folder that is there."
        ) from error
    finally:
        if draft is not None:
            with suppress(FileNotFoundError):
                Path(draft).unlink()
