"""Secrets for the webhook routes of a laptop: a route whose setting is empty would refuse to start."""

import base64
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from shared.webhooks.schemes import Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A webhook route as its file says it: the scheme, and the settings that hold its secrets."""

    route: str
    scheme: Scheme
    settings: tuple[str, ...]


def hooks_of(routes_file: Path) -> tuple[Hook, ...]:
    """The webhook routes of a route file; what cannot be read is left to the application, which says what is wrong."""
    try:
        entries = tomllib.loads(routes_file.read_text(encoding="utf-8")).get("routes")
    except (OSError, ValueError):
        return ()
    found = []
    for route, entry in entries.items() if isinstance(entries, dict) else ():
        webhook = entry.get("webhook") if isinstance(entry, dict) else None
        if not isinstance(webhook, dict) or webhook.get("scheme") not in set(Scheme):
            continue
        names = webhook.get("secret")
        names = [names] if isinstance(names, str) else names
        settings = tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()
        found.append(Hook(route=route, scheme=Scheme(webhook["scheme"]), settings=settings))
    return tuple(found)


def missing_secrets(routes_file: Path, env: Mapping[str, str]) -> dict[str, str]:
    """A random secret for every webhook setting that has no value in `env`."""
    return {
        name: new_secret(hook.scheme) for hook in hooks_of(routes_file) for name in hook.settings if not env.get(name)
    }


def new_secret(scheme: Scheme) -> str:
    """A random secret in the form that a scheme asks for."""
    match scheme:
        case Scheme.GITHUB:
            return secrets.token_hex(32)
        case Scheme.STANDARD:
            return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        case _:
            assert_never(scheme)
