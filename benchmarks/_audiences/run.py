"""Run as a process: makes a population, previews each kind of condition, or refreshes a hundred audiences.

Arguments: a folder, how many customers, and `previews`, `together` or `apart`. Prints JSON: seconds, and when it began.
"""

import json
import sys
import time
from pathlib import Path

from benchmarks._audiences.definitions import LEAVES, audience, hundred
from benchmarks._audiences.population import AS_OF, make_population
from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.membership import refresh_audiences
from cdp_assets.audiences.preview import preview
from cdp_assets.warehouses.duckdb import DuckDBWarehouse

ROUNDS = 3


def previews(warehouse: DuckDBWarehouse, catalogue: Catalogue) -> dict[str, list[float]]:
    """Seconds of a preview of each kind of condition, in rounds."""
    taken: dict[str, list[float]] = {name: [] for name in LEAVES}
    for _ in range(ROUNDS):
        for name, condition in LEAVES.items():
            began = time.perf_counter()
            preview(warehouse, audience("tried", condition), catalogue, AS_OF)
            taken[name].append(time.perf_counter() - began)
    return taken


def together(warehouse: DuckDBWarehouse, catalogue: Catalogue) -> float:
    """Seconds to refresh a hundred audiences together."""
    began = time.perf_counter()
    refresh_audiences(warehouse, hundred(), AS_OF, catalogue)
    return time.perf_counter() - began


def apart(warehouse: DuckDBWarehouse, catalogue: Catalogue) -> float:
    """Seconds to refresh the same audiences one by one."""
    began = time.perf_counter()
    for one in hundred():
        refresh_audiences(warehouse, [one], AS_OF, catalogue)
    return time.perf_counter() - began


def main(folder: Path, customers: int, what: str) -> None:
    warehouse = make_population(folder, customers)
    catalogue = Catalogue.declared().of(warehouse)
    began = time.time()
    with warehouse.session():
        found = {"previews": previews, "together": together, "apart": apart}[what](warehouse, catalogue)
    print(json.dumps({"seconds": found, "began": began}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
