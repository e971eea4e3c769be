"""`cdp match`: the engine on a file."""

import os
import time
from pathlib import Path

import click

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("records", metavar="RECORDS.parquet", type=_FILE)
@click.option("--out", required=True, type=_FILE, help="Where to write the customer of every record, as Parquet.")
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), help="Folder of an incremental run's state.")
@click.option("--model", type=_FILE, help="The frozen model: read when it is there, else trained and written.")
@click.option("--rules", type=_FILE, help="YAML with rules and limits.  [default: this deployment's]")
@click.option("--threads", type=click.IntRange(min=1), help="Processors to use.  [default: all]")
@click.option(
    "--memory",
    help="Memory DuckDB may use, such as 16GB; the rest goes to disk.  [default: 1800MB; to train, what it needs]",
)
def match(
    records: Path,
    out: Path,
    state: Path | None,
    model: Path | None,
    rules: Path | None,
    threads: int | None,
    memory: str | None,
) -> None:
    """Resolve the records of a file, in contract columns, into customers.

    With --state, the file holds new and changed records (deleted ones with is_deleted), and the ids of all records so
    far are written.
    """
    if threads:
        threads = min(threads, os.cpu_count() or 1)  # more than there are only take turns
        os.environ["POLARS_MAX_THREADS"] = str(threads)  # read once, when it is imported
    from cdp_assets.identity.match.files import SHIPPED_RULES, check_out, read_rules
    from cdp_assets.identity.match.run import MatchJob
    from cdp_assets.identity.match.run import match as run
    from cdp_assets.identity.scoring.workbench import Limits
    from cdp_assets.settings import Settings

    began = time.monotonic()

    def say(what: str) -> None:
        click.echo(f"[{time.monotonic() - began:6.1f} s] {what}", err=True)

    config = read_rules(rules or SHIPPED_RULES)
    check_out(out, {"--rules": rules})
    wait = Settings.from_env().lock_timeout
    count = run(MatchJob(records, out, config, state, model, Limits(threads, memory), wait), say)
    say(f"wrote {count:,} records to {out}")
