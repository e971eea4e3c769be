"""recordlinkage's unsupervised classifier (Fellegi and Sunter's model fitted by ECM), as a command: records in, labels
out.

Names and streets agree from a Jaro-Winkler similarity of .85, other fields when equal, as in its documentation; pairs
share one of the blocking keys. Every pair is compared in Python: some millions of pairs are its limit.

    python benchmarks/_identity/ecm.py historical RECORDS.parquet LABELS.parquet
"""

import argparse
from functools import reduce

import numpy as np
import pandas as pd
import recordlinkage
from recordlinkage.preprocessing import clean
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

_BLOCKS = {
    "febrl3": (["first_name"], ["last_name"], ["date_of_birth"], ["postal_code"]),
    "febrl4": (["first_name"], ["last_name"], ["date_of_birth"], ["postal_code"]),
    "historical": (
        ["first_name", "last_name"],
        ["first_name", "date_of_birth"],
        ["last_name", "date_of_birth"],
        ["first_name", "postal_code"],
        ["last_name", "postal_code"],
        ["city", "date_of_birth"],
    ),
    "contacts": (
        ["email"],
        ["phone"],
        ["last_name", "date_of_birth"],
        ["first_name", "date_of_birth"],
        ["first_name", "last_name", "city"],
        ["last_name", "postal_code"],
    ),
}
_SIMILAR = ("first_name", "last_name", "street")
_EXACT = ("date_of_birth", "postal_code", "city", "region", "email", "phone", "occupation")


def link(model: str, frame: pd.DataFrame) -> np.ndarray:
    """The component of each record, of the links that the classifier finds."""
    pairs = reduce(lambda found, more: found.union(more), (_pairs(frame, block) for block in _BLOCKS[model]))
    compare = recordlinkage.Compare()
    for name in _SIMILAR:
        if name in frame:
            compare.string(name, name, method="jarowinkler", threshold=0.85)
    for name in _EXACT:
        if name in frame:
            compare.exact(name, name)
    links = recordlinkage.ECMClassifier().fit_predict(compare.compute(pairs, frame))
    left, right = (links.get_level_values(level) for level in (0, 1))
    graph = coo_matrix((np.ones(len(links)), (left, right)), shape=(len(frame), len(frame)))
    return np.asarray(connected_components(graph, directed=False)[1])


def _pairs(frame: pd.DataFrame, block: list[str]) -> pd.MultiIndex:
    return recordlinkage.index.Block(left_on=block, right_on=block).index(frame)


def _cleaned(frame: pd.DataFrame) -> pd.DataFrame:
    """Lower case without punctuation; phones as their last ten digits; missing stays missing."""
    for name in frame.columns.difference(["source", "record_id"]):
        text = frame[name].astype("string")
        if name == "phone":
            text = text.str.replace(r"\D", "", regex=True).str[-10:]
        elif name in _SIMILAR:
            text = clean(text.astype(object))
        else:
            text = text.str.strip().str.lower()
        frame[name] = text.astype(object).where(text.notna(), None)
    return frame


def main() -> None:
    """Read the command line and link."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=sorted(_BLOCKS))
    parser.add_argument("records", help="Parquet in contract columns")
    parser.add_argument("labels", help="Parquet to write: source, record_id, customer_id")
    options = parser.parse_args()
    frame = pd.read_parquet(options.records)
    labels = frame[["source", "record_id"]].copy()
    labels["customer_id"] = link(options.model, _cleaned(frame)).astype(str)
    labels.to_parquet(options.labels)


if __name__ == "__main__":
    main()
