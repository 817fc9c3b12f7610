"""Where the registry is: the settings say it, and nobody's password shows."""

import pydantic
import pytest

from sensing import app, settings
from sensing.errors import ValidationError
from sensing.registry import located
from sensing.settings import RegistrySettings


def test_without_a_setting_it_is_the_file_of_the_folder(tmp_path):
    assert app.registry_at(tmp_path) == tmp_path / "registry.db"


def test_the_password_comes_from_its_file_or_the_environment_and_does_not_show(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("open sesame\n")
    url = "postgresql://sensing@db.example:5432/registry?sslmode=verify-full"
    from_file = located(tmp_path, RegistrySettings(url=url, password_file=secret))
    from_env = located(tmp_path, RegistrySettings(url=url, password_env="DB_PASSWORD"), {"DB_PASSWORD": "open sesame"})
    assert from_file == from_env
    assert from_file.password == "open sesame"
    assert "sesame" not in f"{from_file} {from_file!r}"
    assert dict(from_file.query) == {"sslmode": "verify-full"}
    assert located(tmp_path, RegistrySettings(url=url)).password is None
    for broken in (RegistrySettings(url=url, password_env="NONE"), RegistrySettings(url=url, password_file=tmp_path / "none")):
        with pytest.raises(ValidationError, match="cannot be read"):
            located(tmp_path, broken, {})


@pytest.mark.parametrize(
    "url", ["postgresql://sensing:s3cret@db/registry", "postgresql://db/registry?password=s3cret", "mysql://db/x", "s3cret"]
)
def test_an_address_with_a_password_or_of_something_else_is_refused(tmp_path, url):
    """And the refusal does not repeat the password."""
    with pytest.raises(pydantic.ValidationError):
        RegistrySettings(url=url)
    (tmp_path / "config.toml").write_text(f'[registry]\nurl = "{url}"\n')
    with pytest.raises(ValidationError, match="registry") as caught:
        settings.load(tmp_path)
    assert "s3cret@" not in str(caught.value)
    assert "password=s3cret" not in str(caught.value)
