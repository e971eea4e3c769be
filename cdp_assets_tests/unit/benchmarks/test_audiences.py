"""The benchmark of audiences runs the real thing, small."""

import json
import subprocess
import sys

import pytest

from benchmarks._audiences.definitions import LEAVES, hundred
from benchmarks.audiences import ROOT
from cdp_assets.audiences.definition import Condition


def test_every_kind_of_condition_is_previewed_and_the_hundred_are_different():
    kinds = {next(iter(condition)) for condition in LEAVES.values()}
    assert kinds == set(Condition.model_fields) - {"all", "any", "not_"}
    assert len({one.version for one in hundred()}) == 100


@pytest.mark.slow
def test_it_claims_previews_and_a_hundred_audiences_made_together(tmp_path):
    file = tmp_path / "claims.json"
    command = [sys.executable, "benchmarks/audiences.py", "--customers", "1000", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    claims = json.loads(file.read_text())
    assert [claim["name"].split(",")[0] for claim in claims] == [
        "preview on 1",
        "preview on 1",
        "seconds of 100 audiences together",
    ]
    assert claims[-1]["ratio"] < 1
