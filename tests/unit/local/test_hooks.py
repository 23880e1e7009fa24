from pathlib import Path

from local.hooks import hooks_of, missing_secrets
from shared.routing.route_file import parse_routes
from shared.webhooks.schemes import Scheme

ROUTES = """
[routes.github]
database = "D"
table = "T"
mapping = "m"
webhook = { scheme = "github", secret = ["NEW", "OLD"] }

[routes.standard]
database = "D"
table = "T"
mapping = "m"
webhook = { scheme = "standard", secret = "STANDARD" }

[routes.plain]
database = "D"
table = "T"
format = "csv"
"""


def test_every_secret_that_is_missing_is_made_up_and_the_app_accepts_it(tmp_path: Path) -> None:
    file = tmp_path / "routes.toml"
    file.write_text(ROUTES)

    found = missing_secrets(file, {"OLD": "kept"})

    assert set(found) == {"NEW", "STANDARD"}
    assert parse_routes(ROUTES, database=None, secrets={"OLD": "kept"} | found)
    assert missing_secrets(file, {"OLD": "kept"}) != found


def test_hooks_are_read_with_their_schemes(tmp_path: Path) -> None:
    file = tmp_path / "routes.toml"
    file.write_text(ROUTES)

    assert [(hook.route, hook.scheme) for hook in hooks_of(file)] == [
        ("github", Scheme.GITHUB),
        ("standard", Scheme.STANDARD),
    ]


def test_what_cannot_be_read_is_left_to_the_application(tmp_path: Path) -> None:
    file = tmp_path / "routes.toml"
    assert hooks_of(file) == ()
    for text in ("[", "routes = 1", "[routes]\nx = 1", '[routes.a]\nwebhook = { scheme = "none", secret = "S" }'):
        file.write_text(text)
        assert hooks_of(file) == ()
