"""Tests of what is PostgreSQL's own need a server: they run where it was chosen."""

from cdp_assets_tests.warehouse_choice import chosen

collect_ignore_glob = [] if "postgres" in chosen() else ["test_postgres*"]
