"""Settings: a demo needs none, a city must set all, and complaints come together."""

import base64
from pathlib import Path

import pytest

from core.settings import Settings, SettingsError

KEY = base64.b64encode(bytes(32)).decode()
LOG_KEY = base64.b64encode(bytes(range(32))).decode()


def test_demo_needs_nothing(tmp_path: Path) -> None:
    settings = Settings.from_env({"YUNJIAN_VAR": str(tmp_path)})

    assert settings.demo
    assert settings.database_url.startswith(f"sqlite://{tmp_path}/")
    assert settings.redis_url is None


def test_demo_keeps_its_secret(tmp_path: Path) -> None:
    first = Settings.from_env({"YUNJIAN_VAR": str(tmp_path)})
    second = Settings.from_env({"YUNJIAN_VAR": str(tmp_path)})

    assert first.secret_key == second.secret_key
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0


def test_production_names_everything_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"YUNJIAN_ENV": "production", "YUNJIAN_VAR": str(tmp_path)})

    names = (
        "SECRET_KEY",
        "LOG_KEY",
        "DATABASE_URL",
        "REDIS_URL",
        "BLOB_URL",
        "PUBLIC_URL",
        "TRUSTED_PROXIES",
        "STAFF_FACTOR",
    )
    for name in names:
        assert f"YUNJIAN_{name}" in str(caught.value)


def test_server_whose_settings_were_lost_is_no_demo(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="YUNJIAN_ENV is not set"):
        Settings.from_env({"YUNJIAN_VAR": str(tmp_path)}, demo_by_default=False)


def test_production_says_whether_a_proxy_stands_in_front(tmp_path: Path) -> None:
    city = {
        "YUNJIAN_ENV": "production",
        "YUNJIAN_VAR": str(tmp_path),
        "YUNJIAN_SECRET_KEY": KEY,
        "YUNJIAN_DATABASE_URL": "asyncpg://localhost/yunjian",
        "YUNJIAN_REDIS_URL": "redis://localhost",
        "YUNJIAN_BLOB_URL": "memory:///",
        "YUNJIAN_PUBLIC_URL": "https://zwfw.example.gov.cn",
        "YUNJIAN_LOG_KEY": LOG_KEY,
        "YUNJIAN_STAFF_FACTOR": "required",
    }

    with pytest.raises(SettingsError, match="YUNJIAN_TRUSTED_PROXIES"):
        Settings.from_env(city)
    assert Settings.from_env({**city, "YUNJIAN_TRUSTED_PROXIES": "none"}).trusted_proxies == ()
    one = Settings.from_env({**city, "YUNJIAN_TRUSTED_PROXIES": "10.8.0.4/32"}).trusted_proxies
    assert [str(network) for network in one] == ["10.8.0.4/32"]


def test_production_does_without_no_second_factor(tmp_path: Path) -> None:
    city = {"YUNJIAN_ENV": "production", "YUNJIAN_VAR": str(tmp_path)}

    for value in ("", "optional", "off"):
        with pytest.raises(SettingsError, match="YUNJIAN_STAFF_FACTOR"):
            Settings.from_env({**city, "YUNJIAN_STAFF_FACTOR": value})


def test_demo_may_do_without_a_second_factor(tmp_path: Path) -> None:
    demo = {"YUNJIAN_VAR": str(tmp_path)}

    assert Settings.from_env(demo).staff_factor == "optional"
    required = Settings.from_env({**demo, "YUNJIAN_STAFF_FACTOR": "required"})
    assert required.staff_factor == "required"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("YUNJIAN_STAFF_FACTOR", "sometimes"),
        ("YUNJIAN_PORT", "http"),
        ("YUNJIAN_PORT", "70000"),
        ("YUNJIAN_ENV", "prod"),
        ("YUNJIAN_SECRET_KEY", "short"),
        ("YUNJIAN_SECRET_KEY", base64.b64encode(bytes(16)).decode()),
        ("YUNJIAN_WORKERS", "4"),
        ("YUNJIAN_TRUSTED_PROXIES", "proxy.example"),
        ("YUNJIAN_TRUSTED_PROXIES", "0.0.0.0/0"),
    ],
)
def test_unusable_value_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({"YUNJIAN_VAR": str(tmp_path), name: value})


def test_four_workers_are_fine_on_postgresql(tmp_path: Path) -> None:
    settings = Settings.from_env(
        {
            "YUNJIAN_VAR": str(tmp_path),
            "YUNJIAN_SECRET_KEY": KEY,
            "YUNJIAN_DATABASE_URL": "asyncpg://localhost/yunjian",
            "YUNJIAN_WORKERS": "4",
        }
    )

    assert settings.workers == 4
