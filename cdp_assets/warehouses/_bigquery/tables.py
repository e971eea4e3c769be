"""Tables and datasets of BigQuery, through the parts of its API that run no job and cost nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from cdp_assets.tables import Table
from cdp_assets.warehouses._bigquery.connection import Connection, patience
from cdp_assets.warehouses._bigquery.errors import errors_named
from cdp_assets.warehouses._bigquery.sql import WORK
from cdp_assets.warehouses._bigquery.types import Field, spelled, staged_columns

if TYPE_CHECKING:
    from google.cloud import bigquery

_STAGED_FOR = timedelta(days=1)


class Tables:
    """What there is in a project."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._datasets: set[str] = set()

    def table(self, table: Table) -> "bigquery.Table | None":
        """What the service tells of a table or view; nothing when it is not there."""
        from google.api_core.exceptions import NotFound

        client, _ = self._connection.clients()
        with errors_named():
            try:
                return client.get_table(self._connection.reference(table), **patience())
            except NotFound:
                return None

    def columns(self, table: Table) -> dict[str, str]:
        """The columns of a table or view, each with its type; none when it is not there."""
        found = self.table(table)
        return {field.name: spelled(field) for field in found.schema} if found else {}

    def drop(self, table: Table) -> None:
        """Drop a table or view if it is there."""
        client, _ = self._connection.clients()
        with errors_named():
            client.delete_table(self._connection.reference(table), not_found_ok=True, **patience())

    def datasets(self) -> list[str]:
        """The datasets there are in the warehouse's location."""
        client, _ = self._connection.clients()
        here = self._connection.place.location.lower()
        with errors_named():
            found = list(client.list_datasets(**patience()))
        return [one.dataset_id for one in found if one._properties.get("location", here).lower() == here]

    def ensure_dataset(self, name: str) -> None:
        """Create a dataset unless it is there."""
        from google.api_core.exceptions import NotFound
        from google.cloud import bigquery

        if name in self._datasets:
            return
        client, _ = self._connection.clients()
        resource = bigquery.Dataset(bigquery.DatasetReference(self._connection.place.project, name))
        resource.location = self._connection.place.location
        resource.is_case_insensitive = True  # as in every other warehouse
        with errors_named():
            try:
                client.get_dataset(resource.reference, **patience())
            except NotFound:
                client.create_dataset(resource, exists_ok=True, **patience())
        self._datasets.add(name)

    def create_stage(self, fields: Sequence[Field]) -> Table:
        """Create an empty table for rows that are loaded; it expires should nobody drop it."""
        from google.cloud import bigquery

        stage = self.new_stage()
        schema = [bigquery.SchemaField(**column) for column in staged_columns(fields)]
        resource = bigquery.Table(self._connection.reference(stage), schema)
        resource.expires = datetime.now(UTC) + _STAGED_FOR
        client, _ = self._connection.clients()
        with errors_named():
            client.create_table(resource, **patience())
        return stage

    def new_stage(self) -> Table:
        """A name in the dataset for work, which is there."""
        self.ensure_dataset(WORK)
        return Table(WORK, f"stage_{uuid4().hex}")
