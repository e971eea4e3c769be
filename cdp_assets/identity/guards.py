"""Guards before closure: no path of links may join two records that contradict each other.

A pair's own contradictions are vetoed first. What is left can still join two people through a third record, such as
a household's e-mail without a name. Components that hold a contradiction are therefore joined again link by link, the
strongest first, and a link that would bring contradicting records together is vetoed.
"""

import polars as pl

from cdp_assets.identity.clusters import components
from cdp_assets.identity.config import IdentityConfig, Vetoes
from cdp_assets.identity.disjoint_sets import DisjointSets
from cdp_assets.identity.vetoes import contradictions

PAIR = ["node_l", "node_r"]


def guard(edges: pl.DataFrame, nodes: pl.DataFrame, config: IdentityConfig) -> pl.DataFrame:
    """The edges with `vetoed_by` filled in: closing over those where it is null joins no contradicting records.

    Args:
        edges: `node_l`, `node_r`, `trusted`, `rank`, `match_probability`, `vetoed_by`, one row a pair.
        nodes: as `keys.nodes_of`.
        config: which vetoes count, and how large a cluster may be.
    """
    vetoes = config.vetoes
    objections = contradictions(edges, nodes, vetoes)
    own = pl.when(~pl.col("trusted")).then(objections)
    edges = edges.with_columns(pl.coalesce("vetoed_by", own).alias("vetoed_by"))
    profiles = _profiles(nodes, vetoes)
    edges = _limit_size(edges, profiles, config.largest_cluster)
    return _separate(edges, nodes, profiles, vetoes)


def clusters_of(edges: pl.DataFrame, count: int) -> pl.DataFrame:
    """`node`, `component` over the links that hold."""
    return components(count, edges.filter(pl.col("vetoed_by").is_null()))


def _profiles(nodes: pl.DataFrame, vetoes: Vetoes) -> pl.DataFrame:
    """`node` and `profile`, the the first node that looks the same to the vetoes: many tickets are compared once."""
    lists = [pl.col(name).list.sort().list.join(" ") for name in ("emails", "phones")]
    looks = ["first_name", "last_name", "date_of_birth", "street", *lists]
    if vetoes.strong_ids:
        looks += ["source", "account_id", pl.col("user_ids").list.sort().list.join(" ")]
    return nodes.select("node", pl.col("node").min().over(looks).alias("profile"))


def _limit_size(edges: pl.DataFrame, profiles: pl.DataFrame, largest: int) -> pl.DataFrame:
    """Components of more different profiles than allowed lose their probabilistic links, then the rest."""
    for weak in (pl.col("kind") == "probabilistic", ~pl.col("trusted")):
        members = clusters_of(edges, profiles.height).join(profiles, on="node")
        sizes = members.group_by("component").agg(pl.col("profile").n_unique())
        oversized = members.join(sizes.filter(pl.col("profile") > largest), on="component", how="semi")
        inside = weak & pl.col("node_l").is_in(oversized["node"].implode())
        limit = pl.when(inside).then(pl.lit("oversized_cluster"))
        edges = edges.with_columns(pl.coalesce("vetoed_by", limit).alias("vetoed_by"))
    return edges


def _separate(edges: pl.DataFrame, nodes: pl.DataFrame, profiles: pl.DataFrame, vetoes: Vetoes) -> pl.DataFrame:
    members = clusters_of(edges, nodes.height).join(profiles, on="node", maintain_order="left")
    enemies = _enemies(members, nodes, vetoes)
    torn = members.join(enemies.select("component").unique(), on="component", how="semi")
    order = ["trusted", "rank", "match_probability", *PAIR]
    open_links = edges.filter(pl.col("vetoed_by").is_null(), pl.col("node_l").is_in(torn["node"].implode())).sort(
        order, descending=[True, False, True, False, False]
    )
    sets = DisjointSets(dict(torn.select("node", "profile").iter_rows()), enemies.select("left", "right").rows())
    refused = [
        (left, right)
        for left, right, trusted in open_links.select(*PAIR, "trusted").iter_rows()
        if not sets.join(left, right, force=trusted)
    ]
    refusals = pl.DataFrame(refused, schema=dict.fromkeys(PAIR, pl.Int64()), orient="row")
    refusals = refusals.with_columns(refusal=pl.lit("cluster_conflict"))
    marked = edges.join(refusals, on=PAIR, how="left", maintain_order="left")
    return marked.with_columns(pl.coalesce("vetoed_by", "refusal").alias("vetoed_by")).drop("refusal")


def _enemies(members: pl.DataFrame, nodes: pl.DataFrame, vetoes: Vetoes) -> pl.DataFrame:
    """`component` and the profiles `left`, `right` in it that contradict each other."""
    looks = members.select("component", "profile").unique().sort("component", "profile")
    pairs = looks.join(looks, on="component", suffix="_r").filter(pl.col("profile") < pl.col("profile_r"))
    pairs = pairs.select("component", node_l="profile", node_r="profile_r").sort("node_l", "node_r")
    against = contradictions(pairs, nodes, vetoes)
    return pairs.filter(against.is_not_null()).select("component", left="node_l", right="node_r")
