"""Which folded given names may be one person's: typing errors, initials and nicknames."""

import polars as pl

from cdp_assets.identity.normalise.nicknames import full_names


def incompatible(pairs: pl.DataFrame, similar: float) -> pl.DataFrame:
    """The pairs of folded names that cannot be one person's.

    Compatible are equal names, a nickname and its full name, an initial and a name, three or more letters and the
    longer name they begin, names in different scripts, of which nothing can be said, and names whose Jaro-Winkler
    similarity reaches `similar`.

    Args:
        pairs: `name_l`, `name_r`, without nulls.
        similar: 0 to 1.
    """
    distinct = pairs.select("name_l", "name_r").unique().sort("name_l", "name_r")
    distinct = distinct.filter(pl.col("name_l") != pl.col("name_r"))
    if distinct.is_empty():
        return distinct
    import duckdb  # loading definitions, which comes to this module, can do without

    with duckdb.connect(":memory:") as connection:
        connection.register("pairs", distinct.to_arrow())
        unlike = pl.DataFrame(
            connection.sql(
                "SELECT name_l, name_r FROM pairs WHERE jaro_winkler_similarity(name_l, name_r) < ?",
                params=[similar],
            ).to_arrow_table()
        )
    related = [_related(name_l, name_r) for name_l, name_r in unlike.iter_rows()]
    return unlike.filter(~pl.Series(related, dtype=pl.Boolean)).sort("name_l", "name_r")


def _related(name_l: str, name_r: str) -> bool:
    words_l, words_r = name_l.split(), name_r.split()
    word_l, word_r = words_l[0], words_r[0]
    if word_l in words_r or word_r in words_l or name_l.isascii() != name_r.isascii():
        return True
    if len(word_l) != 2 != len(word_r) and (word_l.startswith(word_r) or word_r.startswith(word_l)):
        return True
    nothing: frozenset[str] = frozenset()
    return word_l in full_names().get(word_r, nothing) or word_r in full_names().get(word_l, nothing)
