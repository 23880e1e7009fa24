"""Every generated part, by the name in its marker. Each is written from the table that the application itself uses."""

from typing import assert_never

from local.docs.classification import classification
from local.docs.figures import figures
from local.docs.pages import Parts
from local.docs.platform_settings import platform_settings
from local.docs.route_keys import route_keys
from local.docs.table import code, codes, table, yes
from local.managed_table import facts
from local.managed_table.cases import CASES
from local.managed_table.page import page
from shared.framing.formats import (
    _EXTENSIONS,  # the one table of extensions; it has no public name
    DataFormat,
    Framing,
    allows_header,
    format_of_media_type,
    framing_of,
    mapping_kind_of,
    media_types,
    needs_mapping,
)
from shared.outcome import CATALOGUE
from shared.settings import SETTINGS
from shared.webhooks.schemes import _TABLE, Scheme  # headers and tolerances as they are checked


def _settings() -> str:
    return table(
        ("Setting", "Default", "Meaning"),
        (
            (code(row.name), "required" if row.default is None else code(row.default) or "empty", row.meaning)
            for row in SETTINGS
        ),
    )


def _problems() -> str:
    rows = ((code(name), str(kind.status), kind.title, yes(value=kind.retryable)) for name, kind in CATALOGUE.items())
    return table(("`code`", "Status", "Title", "Retryable"), rows)


def _formats() -> str:
    named = [(media_type, format_of_media_type(media_type)) for media_type in media_types()]
    rows = (
        (
            code(row),
            _framing(framing_of(row)),
            code(mapping_kind_of(row)),
            yes(value=needs_mapping(row)),
            yes(value=allows_header(row)),
            codes(media_type for media_type, data_format in named if data_format is row),
            codes(extension for extension, data_format in _EXTENSIONS.items() if data_format is row),
        )
        for row in DataFormat
    )
    return table(
        ("Format", "Records", "Mapping kind", "Needs a mapping", "Header row", "Media types", "File extensions"), rows
    )


def _framing(framing: Framing) -> str:
    match framing:
        case Framing.QUOTED:
            return "one a line; a quoted field may hold line breaks"
        case Framing.LINES:
            return "one a line"
        case Framing.JSON:
            return "objects, an array of objects, or one object after the other"
        case Framing.WHOLE:
            return "the body is not cut"
        case Framing.BINARY:
            return "binary; the body is not cut"
        case _:
            assert_never(framing)


def _schemes() -> str:
    rows = (
        (
            code(scheme),
            codes(row.required),
            code(row.delivery),
            f"{row.tolerance:.0f} s" if row.timestamp else "none: the scheme signs no time",
            _secret(scheme),
        )
        for scheme, row in _TABLE.items()
    )
    return table(("`scheme`", "Required headers", "Delivery id", "Time tolerance", "Secret"), rows)


def _secret(scheme: Scheme) -> str:
    match scheme:
        case Scheme.GITHUB:
            return "any text; the one that was given to the sender"
        case Scheme.STANDARD:
            return "`whsec_<base64>` (HMAC-SHA256), or a public key `whpk_<base64>` (ed25519)"
        case _:
            assert_never(scheme)


PARTS: Parts = {
    "settings": _settings,
    "platform-settings": platform_settings,
    "problems": _problems,
    "formats": _formats,
    "route-keys": route_keys,
    "webhook-schemes": _schemes,
    "classification": classification,
    "figures": figures,
    "managed-table": lambda: page(CASES, facts.read()),
}
