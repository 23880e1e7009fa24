"""Everything the application reads from its environment, parsed once; every problem is listed at once.

Pure: takes a mapping, returns frozen values. The table `SETTINGS` also feeds docs/settings.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

_MIB = 1024 * 1024


class Auth(StrEnum):
    """How the application proves who it is to Kusto."""

    AUTO = "auto"
    MANAGED_IDENTITY = "managed_identity"
    DEFAULT = "default"
    AZURE_CLI = "azure_cli"
    INTERACTIVE = "interactive"
    NONE = "none"


class BlobAccess(StrEnum):
    """How the cluster may read a landing blob that is queued by reference."""

    AUTO = "auto"
    SAS = "sas"
    MANAGED_IDENTITY = "managed_identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One row of the table of settings: what it is for, and its default as text (None: required)."""

    name: str
    default: str | None
    meaning: str


SETTINGS = (
    Setting(
        name="KUSTO_CLUSTER_URI",
        default=None,
        meaning="Engine endpoint, `https://<cluster>.<region>.kusto.windows.net`; also a free cluster's or a Fabric "
        "Eventhouse's query URI, or `http://127.0.0.1:8080` for the local Kusto.",
    ),
    Setting(
        name="KUSTO_INGEST_URI",
        default="",
        meaning="Ingestion endpoint. Empty: `ingest-` before the host of `KUSTO_CLUSTER_URI` (unchanged on loopback).",
    ),
    Setting(name="KUSTO_DATABASE", default="", meaning="Database of every route that names none."),
    Setting(
        name="KUSTO_AUTH",
        default="auto",
        meaning="`auto`, `managed_identity`, `default`, `azure_cli`, `interactive` or `none`. `auto`: managed identity "
        "in Azure, `none` for `http://` on loopback, otherwise `default` (DefaultAzureCredential).",
    ),
    Setting(
        name="AZURE_CLIENT_ID",
        default="",
        meaning="Client id of a user-assigned identity. Empty: the system-assigned one.",
    ),
    Setting(
        name="KUSTO_BLOB_ACCESS",
        default="auto",
        meaning="How the cluster reads a blob that is queued by reference: `managed_identity=system`, "
        "`managed_identity=<object id>` or `sas` (signed for one blob, read only). `auto`: `sas` where the landing "
        "connection is a connection string, otherwise `managed_identity=system`.",
    ),
    Setting(
        name="ROUTES_FILE", default="routes.toml", meaning="Path of the route file, from the application's folder."
    ),
    Setting(
        name="MAX_BODY_BYTES",
        default=str(32 * _MIB),
        meaning="Largest HTTP body, in bytes as sent. Above it: 413.",
    ),
    Setting(
        name="MAX_RAW_BYTES",
        default=str(64 * _MIB),
        meaning="Largest HTTP body, in bytes after decompression. Above it: 413.",
    ),
    Setting(
        name="DEADLINE_SECONDS",
        default="60",
        meaning="Time an invocation may take to have its body held by Kusto, where the route gives no `deadline`.",
    ),
    Setting(
        name="RETRY_DELAY_SECONDS",
        default="10",
        meaning="Wait before the first try of what was spooled; it doubles with each try, up to 15 minutes.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The parsed environment. URIs have no trailing slash; sizes are bytes; times are seconds."""

    cluster_uri: str
    ingest_uri: str
    database: str | None
    auth: Auth
    client_id: str | None
    blob_access: BlobAccess
    blob_identity: str | None
    routes_file: str
    max_body_bytes: int
    max_raw_bytes: int
    deadline: float
    retry_delay: float


class SettingsError(ValueError):
    """The environment cannot be used; `problems` names each setting that is wrong, never its value's secrets."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def parse_settings(env: Mapping[str, str]) -> Settings:
    """Read the application's settings.

    Raises:
        SettingsError: with every problem found.
    """
    problems: list[str] = []
    values = {row.name: env.get(row.name, "").strip() or row.default or "" for row in SETTINGS}
    cluster = _uri(values, "KUSTO_CLUSTER_URI", problems, required=True)
    ingest = _uri(values, "KUSTO_INGEST_URI", problems, required=False) or ingestion_uri(cluster)
    access, identity = _blob_access(values["KUSTO_BLOB_ACCESS"], problems)
    auth = _auth(values["KUSTO_AUTH"], problems)
    settings = Settings(
        cluster_uri=cluster,
        ingest_uri=ingest,
        database=values["KUSTO_DATABASE"] or None,
        auth=resolve_auth(auth, cluster, in_azure=bool(env.get("IDENTITY_ENDPOINT"))),
        client_id=values["AZURE_CLIENT_ID"] or None,
        blob_access=access,
        blob_identity=identity,
        routes_file=values["ROUTES_FILE"],
        max_body_bytes=int(_positive(values, "MAX_BODY_BYTES", problems)),
        max_raw_bytes=int(_positive(values, "MAX_RAW_BYTES", problems)),
        deadline=_positive(values, "DEADLINE_SECONDS", problems),
        retry_delay=_positive(values, "RETRY_DELAY_SECONDS", problems),
    )
    if settings.auth is Auth.NONE and not is_loopback(cluster) and cluster:
        problems.append("KUSTO_AUTH=none is for the local Kusto only: KUSTO_CLUSTER_URI is not on loopback.")
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def ingestion_uri(cluster_uri: str) -> str:
    """The ingestion endpoint that belongs to an engine endpoint (docs: "Ingestion endpoint": `ingest-` prefix)."""
    if not cluster_uri or is_loopback(cluster_uri):
        return cluster_uri
    scheme, _, rest = cluster_uri.partition("://")
    return cluster_uri if rest.startswith("ingest-") else f"{scheme}://ingest-{rest}"


def is_loopback(uri: str) -> bool:
    """Whether a URI's host is this machine: where plain http and no authentication are allowed."""
    host = _host(uri)
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _host(uri: str) -> str:
    try:
        return urlsplit(uri).hostname or ""
    except ValueError:
        return ""


def resolve_auth(auth: Auth, cluster_uri: str, *, in_azure: bool) -> Auth:
    """What `auto` means here: the safe choice of each place."""
    if auth is not Auth.AUTO:
        return auth
    if cluster_uri.startswith("http://") and is_loopback(cluster_uri):
        return Auth.NONE
    return Auth.MANAGED_IDENTITY if in_azure else Auth.DEFAULT


def _uri(values: Mapping[str, str], name: str, problems: list[str], *, required: bool) -> str:
    value = values[name].rstrip("/")
    if not value:
        if required:
            problems.append(
                f"{name} is not set. Give it the cluster's URI, for example https://<cluster>.kusto.windows.net."
            )
        return ""
    if not _is_origin(value):
        problems.append(f"{name} is not a URI of the form https://<host> (no path, no query).")
    elif value.startswith("http:") and not is_loopback(value):
        problems.append(f"{name} must be https: plain http is allowed on loopback only.")
    return value


def _is_origin(value: str) -> bool:
    """Whether a URI is scheme, host and maybe port, and nothing else."""
    try:
        parts = urlsplit(value)
        port = parts.port or 443
    except ValueError:
        return False
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    plain = {f"{parts.scheme}://{host}".lower(), f"{parts.scheme}://{host}:{port}".lower()}
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and value.lower() in plain


def _auth(value: str, problems: list[str]) -> Auth:
    try:
        return Auth(value.lower())
    except ValueError:
        problems.append(f"KUSTO_AUTH must be one of {', '.join(Auth)}.")
        return Auth.AUTO


def _blob_access(value: str, problems: list[str]) -> tuple[BlobAccess, str | None]:
    name, _, identity = value.partition("=")
    try:
        access = BlobAccess(name.lower())
    except ValueError:
        access = None
    if access is None or (access is BlobAccess.MANAGED_IDENTITY) is not bool(identity):
        problems.append("KUSTO_BLOB_ACCESS must be auto, sas, managed_identity=system or managed_identity=<object id>.")
        return BlobAccess.AUTO, None
    return access, identity or None


def _positive(values: Mapping[str, str], name: str, problems: list[str]) -> float:
    try:
        number = float(values[name])
    except ValueError:
        number = 0.0
    if not 1 <= number < float("inf"):
        problems.append(f"{name} must be a number of 1 or more.")
        return 1.0
    return number
