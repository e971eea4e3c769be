import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cdp_assets.errors import ConfigurationError
from cdp_assets.settings import PROJECT_ROOT, Settings


def test_without_an_environment_everything_is_under_the_data_folder():
    settings = Settings.from_env({})

    data = PROJECT_ROOT / "data"
    assert settings.warehouse == "duckdb"
    assert settings.duckdb_path == data / "cdp.duckdb"
    assert settings.landing_dir == data / "landing"
    assert (settings.lock_timeout, settings.settle_time) == (120.0, 2.0)
    assert settings.reporting_timezone == "UTC"
    assert settings.secret_key_value is None


def test_an_empty_variable_counts_as_unset():
    names = ["CDP_WAREHOUSE", "CDP_DUCKDB_PATH", "CDP_LOCK_TIMEOUT_SECONDS", "CDP_REPORTING_TIMEZONE", "CDP_SECRET_KEY"]

    assert Settings.from_env(dict.fromkeys(names, "")) == Settings.from_env({})


def test_the_environment_of_the_process_is_the_default(monkeypatch):
    monkeypatch.setenv("CDP_REPORTING_TIMEZONE", "Europe/Paris")

    assert Settings.from_env().reporting_timezone == "Europe/Paris"


def test_paths_are_made_absolute_and_home_is_known(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ada")
    settings = Settings.from_env({"CDP_DUCKDB_PATH": "x/cdp.duckdb", "CDP_LANDING_DIR": "~/landing"})

    assert settings.duckdb_path == tmp_path / "x" / "cdp.duckdb"
    assert settings.landing_dir == Path("/home/ada/landing")
    assert settings.sample_truth_path == Path("/home/ada/sample_truth.parquet")


@pytest.mark.parametrize("name", ["CDP_LOCK_TIMEOUT_SECONDS", "CDP_LANDING_SETTLE_SECONDS"])
@pytest.mark.parametrize("value", ["soon", "-1", "nan", "inf", "1,5"])
def test_a_wrong_number_of_seconds_is_told_with_variable_and_value(name, value):
    with pytest.raises(ConfigurationError, match=f"{name} is '{value}'; it must be a number of seconds, 0 or more"):
        Settings.from_env({name: value})


def test_seconds_may_be_zero_or_a_fraction():
    settings = Settings.from_env({"CDP_LOCK_TIMEOUT_SECONDS": "0", "CDP_LANDING_SETTLE_SECONDS": "0.5"})

    assert (settings.lock_timeout, settings.settle_time) == (0.0, 0.5)
    assert settings.with_lock_timeout(7).lock_timeout == 7


@pytest.mark.parametrize("value", ["Paris", "Europe", "../etc/passwd", "/etc/passwd", "UTC+1"])
def test_a_wrong_time_zone_is_told_with_variable_and_value(value):
    with pytest.raises(
        ConfigurationError, match=re.escape(f"CDP_REPORTING_TIMEZONE is {value!r}; it must be an IANA")
    ) as refused:
        Settings.from_env({"CDP_REPORTING_TIMEZONE": value})
    assert "\n" not in str(refused.value)


def test_a_key_in_the_environment_is_used_and_no_file_made(tmp_path):
    file = tmp_path / "secret.key"

    assert Settings.from_env({"CDP_SECRET_KEY": "k", "CDP_SECRET_KEY_FILE": str(file)}).secret_key() == b"k"
    assert not file.exists()


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    file = tmp_path / "new" / "secret.key"
    settings = Settings.from_env({"CDP_SECRET_KEY_FILE": str(file)})
    key = settings.secret_key()

    assert len(key) == 64
    assert settings.secret_key() == key == file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(file.parent) == ["secret.key"]
    assert Settings.from_env({"CDP_SECRET_KEY_FILE": str(tmp_path / "other.key")}).secret_key() != key


def test_processes_that_start_at_once_agree_on_one_key(tmp_path):
    code = "from cdp_assets.settings import Settings; print(Settings.from_env().secret_key().decode())"
    env = os.environ | {"CDP_SECRET_KEY_FILE": str(tmp_path / "secret.key"), "CDP_SECRET_KEY": ""}
    started = [subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE) for _ in range(3)]

    keys = {process.communicate()[0] for process in started}
    assert len(keys) == 1
    assert len(keys.pop()) == 65


def test_an_empty_key_file_is_refused(tmp_path):
    file = tmp_path / "secret.key"
    file.write_text("\n")

    with pytest.raises(ConfigurationError, match=r"secret\.key is empty"):
        Settings.from_env({"CDP_SECRET_KEY_FILE": str(file)}).secret_key()
