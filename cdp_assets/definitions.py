"""Everything this deployment runs, found under `defs/`."""

from pathlib import Path

import dagster as dg

from cdp_assets.collection import without_collection


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions of every component and asset under `defs/`."""
    # load_from_defs_folder would also import every installed integration, to list its component types: seconds.
    with without_collection():
        tree = dg.ComponentTree.for_project(Path(__file__).parent)
        return tree.build_defs(tree.defs_module_path)
