"""What the code of a checkout says: its functions, settings and names, read by the code itself in a child process."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

_ASK = """
import json, sys
import function_app
from shared.settings import SETTINGS
from shared.storage import names
functions = {
    row.get_function_name(): row.get_trigger().get_dict_repr() for row in function_app.app.get_functions()
}
json.dump(
    {
        "functions": functions,
        "settings": {row.name: row.default for row in SETTINGS},
        "names": {name: value for name, value in vars(names).items() if name.isupper()},
    },
    sys.stdout,
    default=str,
)
"""
_ENVIRONMENT = {
    "KUSTO_CLUSTER_URI": "http://127.0.0.1:8080",
    "KUSTO_DATABASE": "Events",
    "LANDING": "UseDevelopmentStorage=true",
    "PYTHONDONTWRITEBYTECODE": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Triggers by function name, defaults by setting (None: required), constants of shared/storage/names.py."""

    functions: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, str | None]
    names: Mapping[str, str]

    @property
    def containers(self) -> frozenset[str]:
        """The containers that the code uses."""
        return frozenset(value for name, value in self.names.items() if name.endswith("_CONTAINER"))

    @property
    def queues(self) -> frozenset[str]:
        """The queues that the code uses."""
        return frozenset(value for name, value in self.names.items() if name.endswith("_QUEUE"))

    @property
    def connection(self) -> str:
        """The prefix of the storage connection's settings."""
        return self.names["LANDING_CONNECTION"]

    def blob_triggers(self) -> dict[str, str]:
        """Container of each blob trigger, by function name."""
        return {
            name: str(trigger["path"]).partition("/")[0]
            for name, trigger in self.functions.items()
            if trigger["type"] == "blobTrigger"
        }


_KNOWN: dict[str, Code] = {}


def code_of(root: Path) -> Code:
    """Import function_app.py of a checkout as the worker does, and ask it. The same files are asked once."""
    files = [root / "function_app.py", root / "routes.toml", *sorted((root / "shared").rglob("*.py"))]
    key = sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    if key not in _KNOWN:
        environment = {
            **os.environ,
            **_ENVIRONMENT,
            **dict.fromkeys(route_secrets(root), "whsec_c2VjcmV0"),
            "PYTHONPATH": "",
        }
        argv = [sys.executable, "-c", _ASK]
        done = subprocess.run(argv, cwd=root, env=environment, capture_output=True, check=False, timeout=120)  # noqa: S603 - our own interpreter
        assert done.returncode == 0, done.stderr.decode()
        _KNOWN[key] = Code(**json.loads(done.stdout))
    return _KNOWN[key]


def route_secrets(root: Path) -> frozenset[str]:
    """The app settings that hold secrets, as the routes name them."""
    routes = tomllib.loads((root / "routes.toml").read_text(encoding="utf-8"))["routes"].values()
    named = [route["webhook"]["secret"] for route in routes if "webhook" in route]
    return frozenset(name for secret in named for name in ([secret] if isinstance(secret, str) else secret))
