"""What a running stack offers, and the file by which other commands find it."""

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from local.paths import RUN

#: State of the running `./dev up`.
STATE = RUN / "up.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Addresses and keys of a running stack; the fields are the keys of `./dev up --json`.

    URLs have no trailing slash. Empty text: that part does not run.

    Attributes:
        webhook_secrets: Secrets that were made up for webhook routes whose setting had no value, by setting.
        routes: Path of the route file.
        logs: Folder of the log files.
    """

    functions: str = ""
    kusto: str
    kusto_ingest: str
    blob: str
    queue: str
    table: str
    storage_connection_string: str = field(repr=False)
    function_key: str = field(default="", repr=False)
    admin_key: str = field(default="", repr=False)
    blobs_extension_key: str = field(default="", repr=False)
    database: str
    webhook_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    routes: str = ""
    logs: str

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))


def save(endpoints: Endpoints, state: Path = STATE) -> bool:
    """Write the state file for this process; False when another running stack holds it."""
    if load(state) is not None:
        return False
    state.parent.mkdir(parents=True, exist_ok=True)
    temporary = state.with_name(f"{state.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"pid": os.getpid()} | asdict(endpoints), file)
    temporary.replace(state)
    return True


def load(state: Path = STATE) -> Endpoints | None:
    """The running stack, or None: no file, an unreadable one, or one whose process is gone."""
    try:
        fields: dict[str, Any] = json.loads(state.read_text())
        pid = int(fields.pop("pid"))
        os.kill(pid, 0)
        return Endpoints(**fields)
    except PermissionError:  # the process id now belongs to somebody else's process
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def clear(state: Path = STATE) -> None:
    """Remove the state file if this process wrote it."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        if json.loads(state.read_text())["pid"] == os.getpid():
            state.unlink()
