"""Connections to BigQuery: through Dagster's resource, with the credentials and endpoints it has no field for."""

import ipaddress
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cdp_assets.errors import ConfigurationError
from cdp_assets.tables import Table
from cdp_assets.warehouses._bigquery.errors import errors_named

if TYPE_CHECKING:
    from google.api_core.retry import Retry
    from google.auth.credentials import Credentials
    from google.cloud.bigquery import Client, TableReference
    from google.cloud.bigquery_storage_v1 import BigQueryReadClient

_REQUEST_TIMEOUT, _RETRIED_FOR = 60.0, 60.0
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


@dataclass(frozen=True)
class Place:
    """Where to connect, and as whom. An empty string stands for Google's own default."""

    project: str
    location: str
    key_file: str = ""
    api_endpoint: str = ""
    storage_endpoint: str = ""


class Connection:
    """The clients of a place, opened when they are first asked for."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._opened = ExitStack()
        self._opening = Lock()
        self._clients: tuple[Client, BigQueryReadClient] | None = None

    def clients(self) -> "tuple[Client, BigQueryReadClient]":
        """The client for jobs and tables, and the one that reads results.

        Raises:
            WarehouseError: there are no credentials, or none that can be used.
        """
        with self._opening, errors_named():
            if self._clients is None:
                self._clients = self._opened.enter_context(_clients(self.place))
            return self._clients

    def reference(self, table: Table) -> "TableReference":
        """A table as the client names it."""
        from google.cloud import bigquery

        return bigquery.TableReference(bigquery.DatasetReference(self.place.project, table.schema), table.name)

    def close(self) -> None:
        """Close the clients; the next use opens others."""
        with self._opening:
            self._clients = None
            self._opened.close()


def retry() -> "Retry":
    """How long a request that fails for the service's sake is made again."""
    from google.cloud import bigquery

    return bigquery.DEFAULT_RETRY.with_timeout(_RETRIED_FOR)


def patience() -> dict[str, Any]:
    """How long a request may take, and how long it is made again."""
    return {"retry": retry(), "timeout": _REQUEST_TIMEOUT}


@contextmanager
def _clients(place: Place) -> "Iterator[tuple[Client, BigQueryReadClient]]":
    """A client for jobs and tables, and one that reads results.

    Raises:
        ConfigurationError: the key file is not one.
    """
    from dagster_gcp import BigQueryResource
    from google.cloud import bigquery

    class Resource(BigQueryResource):  # type: ignore[misc] # its base comes without types
        """Dagster's own passes credentials through the environment of the whole process, and has no endpoint."""

        @contextmanager
        def get_client(self) -> "Iterator[Client]":
            credentials = _credentials(place.key_file, place.api_endpoint)
            options = {"api_endpoint": place.api_endpoint} if place.api_endpoint else None
            client = bigquery.Client(self.project, credentials, location=self.location, client_options=options)
            try:
                yield client
            finally:
                client.close()

    with Resource(project=place.project, location=place.location).get_client() as client:
        reader = _reader(_credentials(place.key_file, place.storage_endpoint), place.storage_endpoint)
        try:
            yield client, reader
        finally:
            reader.transport.close()


def _credentials(key_file: str, endpoint: str) -> "Credentials | None":
    """Those of the key file; none at all for our own machine; else whatever Google's libraries find."""
    from google.auth.credentials import AnonymousCredentials
    from google.oauth2 import service_account

    if _is_loopback(endpoint):
        return AnonymousCredentials()
    if not key_file:
        return None
    try:
        return service_account.Credentials.from_service_account_file(str(Path(key_file).expanduser()), scopes=_SCOPES)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"CDP_BIGQUERY_CREDENTIALS is {key_file!r}, which is not a service account's JSON key:"
            f" {type(error).__name__}."
        ) from None


def _reader(credentials: "Credentials | None", endpoint: str) -> "BigQueryReadClient":
    from google.cloud.bigquery_storage_v1 import BigQueryReadClient
    from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

    if _is_loopback(endpoint):
        import grpc

        unlimited = [("grpc.max_receive_message_length", -1)]
        return BigQueryReadClient(
            transport=BigQueryReadGrpcTransport(channel=grpc.insecure_channel(_host(endpoint), options=unlimited))
        )
    return BigQueryReadClient(credentials=credentials, client_options={"api_endpoint": endpoint} if endpoint else None)


def _is_loopback(endpoint: str) -> bool:
    host = urlsplit(f"//{_host(endpoint)}").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _host(endpoint: str) -> str:
    """`http://127.0.0.1:9050` and `127.0.0.1:9050` are the same place."""
    return urlsplit(endpoint).netloc if "://" in endpoint else endpoint
