"""Which checks count as failed: those that were evaluated, not those a failing step never came to."""

import dagster as dg

from cdp_assets.orchestration.selection import select_assets
from cdp_assets.orchestration.staleness import failed_checks, stale_assets
from cdp_assets.tables import Table

KEY = dg.AssetKey(["raw", "numbers"])


def test_a_step_that_fails_before_its_check_leaves_no_failed_check_and_runs_again():
    with dg.DagsterInstance.ephemeral() as instance:
        graph = materialised(instance, None)
        assert failed_checks(instance, graph) == []
        assert stale_assets(instance, graph, []) == [KEY]


def test_a_table_whose_check_was_never_come_to_is_stale_though_it_was_made():
    with dg.DagsterInstance.ephemeral() as instance:
        graph = materialised(instance, True)
        assert stale_assets(instance, graph, [Table("raw", "numbers")]) == []
        materialised(instance, None)
        assert stale_assets(instance, graph, [Table("raw", "numbers")]) == [KEY]


def test_a_check_that_found_an_error_is_a_failed_check():
    with dg.DagsterInstance.ephemeral() as instance:
        graph = materialised(instance, False)
        assert [check.name for check in failed_checks(instance, graph)] == ["complete"]
        assert failed_checks(instance, materialised(instance, True)) == []


def test_tables_that_are_made_together_are_stale_and_selected_together():
    ids, history, below = (dg.AssetKey(["identity", name]) for name in ("ids", "history", "below"))

    def graph(fails: bool) -> dg.Definitions:
        @dg.multi_asset(
            specs=[dg.AssetSpec(ids, deps=[KEY]), dg.AssetSpec(history, deps=[KEY])],
            check_specs=[dg.AssetCheckSpec("complete", asset=ids, blocking=True)],
        )
        def resolved():
            if fails:
                raise RuntimeError("the connection broke")
            yield dg.MaterializeResult(
                asset_key=ids, check_results=[dg.AssetCheckResult(check_name="complete", passed=True)]
            )
            yield dg.MaterializeResult(asset_key=history)

        @dg.asset(key=KEY)
        def numbers() -> None: ...

        @dg.asset(key=below, deps=[history])
        def after() -> None: ...

        return dg.Definitions(assets=[resolved, numbers, after])

    tables = [Table(*key.path) for key in (KEY, ids, history, below)]
    with dg.DagsterInstance.ephemeral() as instance:
        for fails in (False, True):
            dg.materialize(list(graph(fails).assets), instance=instance, raise_on_error=False, selection=[ids, history])
        dg.materialize(list(graph(False).assets), instance=instance, selection=[KEY])
        assets = graph(False).resolve_asset_graph()
        dg.materialize(list(graph(False).assets), instance=instance, selection=[below])
        stale = stale_assets(instance, assets, tables)
        assert {ids, history, below} <= set(stale)
        assert stale.index(history) < stale.index(below)
        assert select_assets(assets, "identity.ids") == {ids, history}


def materialised(instance: dg.DagsterInstance, passed: bool | None):
    """The graph of one asset, materialised once; without `passed` its step fails before the check."""

    @dg.asset(key=KEY, check_specs=[dg.AssetCheckSpec("complete", asset=KEY, blocking=True)])
    def numbers() -> dg.MaterializeResult:
        if passed is None:
            raise RuntimeError("the source is gone")
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(check_name="complete", passed=passed)])

    dg.materialize([numbers], instance=instance, raise_on_error=False)
    return dg.Definitions(assets=[numbers]).resolve_asset_graph()
