"""A process that holds a DuckDB file until its input closes: `python -m ... FILE`."""

import sys

import duckdb

if __name__ == "__main__":
    with duckdb.connect(sys.argv[1]):
        sys.stdout.write("held\n")
        sys.stdout.flush()
        sys.stdin.read()
