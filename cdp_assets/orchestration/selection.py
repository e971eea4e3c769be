"""What `--select` means: a stage, a table, or Dagster's own selection syntax."""

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from cdp_assets.errors import ConfigurationError
from cdp_assets.orchestration.staleness import made_together
from cdp_assets.stages import Stage


def select_assets(graph: AssetGraph, text: str) -> set[dg.AssetKey]:
    """The assets a text selects, with those made together with them: comma-separated stages (`churn`), tables
    (`churn.scores`), or expressions that Dagster's UI takes (`key:"churn/scores"+`).

    Raises:
        ConfigurationError: it is none of these, or selects nothing.
    """
    chosen: set[dg.AssetKey] = set()
    for word in (part.strip() for part in text.split(",")):
        found = _one(graph, word)
        if not found:
            raise ConfigurationError(
                f"--select {word!r} selects nothing; give a stage ({', '.join(Stage)}), a table such as"
                " churn.scores, or an expression such as 'key:\"churn/scores\"+'."
            )
        chosen |= found
    return made_together(graph, chosen)


def _one(graph: AssetGraph, word: str) -> set[dg.AssetKey]:
    if word in set(Stage):
        return set(dg.AssetSelection.groups(word).resolve(graph))
    key = dg.AssetKey(word.split("."))
    if graph.has(key):
        return {key}
    try:
        return set(dg.AssetSelection.from_string(word).resolve(graph))
    except dg.DagsterError:
        return set()
