"""SQL that is written once: in DuckDB's dialect or as sqlglot expressions, and said in every warehouse's own."""
