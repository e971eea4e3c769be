"""goldenmatch without any configuration, as a command: records in, labels out.

It refuses 100,000 records and more when it finds its own configuration wanting; here it is told to go on, as its
message says one may.

    python benchmarks/_identity/golden.py RECORDS.parquet LABELS.parquet
"""

import argparse

import goldenmatch
import pyarrow as pa
import pyarrow.parquet as pq

_KEY = ["source", "record_id"]


def main() -> None:
    """Read the command line and link."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", help="Parquet in contract columns")
    parser.add_argument("labels", help="Parquet to write: source, record_id, customer_id")
    options = parser.parse_args()
    records = pq.read_table(options.records)
    found = goldenmatch.dedupe_df(records.drop_columns(_KEY), allow_red_config=True)
    labels = [f"single {row}" for row in range(records.num_rows)]
    for cluster, members in found.clusters.items():
        for row in members["members"]:
            labels[row] = f"cluster {cluster}"
    pq.write_table(records.select(_KEY).append_column("customer_id", pa.array(labels)), options.labels)


if __name__ == "__main__":
    main()
