"""What each stand-in gets wrong, by test: `test_name` for all its cases, `test_name[case]` for one."""

_ASCII_TABLES = "bqemulator refuses spaces and letters beyond ASCII in the name of a table"

EXPECTED_FAILURES: dict[str, dict[str, str]] = {
    "bigquery": {
        "test_a_name_is_found_however_its_case_is_written": (
            "bqemulator tells the case of datasets and tables apart in those made with is_case_insensitive too"
        ),
        "test_a_schema_and_a_table_may_have_any_name[two words]": _ASCII_TABLES,
        r"test_a_schema_and_a_table_may_have_any_name[\xe9 \u65e5\u672c]": _ASCII_TABLES,
    },
}
