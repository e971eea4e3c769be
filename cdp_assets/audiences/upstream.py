"""Which tables and columns decide an audience: its asset's upstreams and column lineage."""

from dataclasses import dataclass
from datetime import UTC, datetime

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.compile import compile_audience
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.tables import Table

AS_OF = "raw.as_of.as_of"
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Upstream:
    """Tables an audience is made from, and their columns as `stage.table.column`, each sorted."""

    tables: tuple[Table, ...]
    columns: tuple[str, ...]


def upstream(definition: AudienceDefinition, catalogue: Catalogue | None = None) -> Upstream:
    """What a refresh reads: the run's moment, the history of customer ids, and what the conditions name.

    Raises:
        ConfigurationError: the definition names something the catalogue does not have.
    """
    known = catalogue or Catalogue.declared()
    read = compile_audience(definition, known, _ANY_TIME).columns
    history = {f"identity.id_history.{name}" for name in ("event", "customer_id", "other_customer_id")}
    columns = sorted(read | history | {AS_OF})
    tables = {Table.parse(column.rpartition(".")[0]) for column in columns}
    return Upstream(tuple(sorted(tables)), tuple(columns))
