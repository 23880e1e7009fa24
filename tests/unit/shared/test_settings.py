"""The environment, parsed: each setting at its borders, and every problem at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.settings import (
    SETTINGS,
    Auth,
    BlobAccess,
    Settings,
    SettingsError,
    ingestion_uri,
    is_loopback,
    parse_settings,
    resolve_auth,
)

CLUSTER = "https://c.westeurope.kusto.windows.net"
BASE = {"KUSTO_CLUSTER_URI": CLUSTER}


def problems_of(**env: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        parse_settings({**BASE, **env})
    return caught.value.problems


def parsed(**env: str) -> Settings:
    return parse_settings({**BASE, **env})


def test_one_setting_is_enough() -> None:
    assert parse_settings(BASE) == Settings(
        cluster_uri=CLUSTER,
        ingest_uri="https://ingest-c.westeurope.kusto.windows.net",
        database=None,
        auth=Auth.DEFAULT,
        client_id=None,
        blob_access=BlobAccess.AUTO,
        blob_identity=None,
        routes_file="routes.toml",
        max_body_bytes=32 * 1024 * 1024,
        max_raw_bytes=64 * 1024 * 1024,
        deadline=60.0,
        retry_delay=10.0,
    )


def test_every_problem_is_listed_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(
            {
                "KUSTO_INGEST_URI": "nowhere",
                "KUSTO_AUTH": "password",
                "KUSTO_BLOB_ACCESS": "public",
                "MAX_BODY_BYTES": "0",
                "MAX_RAW_BYTES": "-1",
                "DEADLINE_SECONDS": "soon",
                "RETRY_DELAY_SECONDS": "0",
            }
        )
    named = [problem.split()[0] for problem in caught.value.problems]
    assert sorted(named) == sorted(
        [
            *("KUSTO_CLUSTER_URI", "KUSTO_INGEST_URI", "KUSTO_AUTH", "KUSTO_BLOB_ACCESS"),
            *("MAX_BODY_BYTES", "MAX_RAW_BYTES", "DEADLINE_SECONDS", "RETRY_DELAY_SECONDS"),
        ]
    )


@given(env=st.dictionaries(st.sampled_from([row.name for row in SETTINGS]), st.text(max_size=12)))
def test_any_environment_is_parsed_or_refused(env: dict[str, str]) -> None:
    try:
        settings = parse_settings(env)
    except SettingsError as error:
        assert error.problems  # noqa: PT017 - either way is right; what must hold differs
    else:
        assert settings.max_body_bytes >= 1
        assert settings.max_raw_bytes >= 1
        assert settings.deadline > 0


@pytest.mark.parametrize("name", [row.name for row in SETTINGS if row.default is not None])
def test_an_empty_setting_is_one_that_is_not_there(name: str) -> None:
    assert parsed(**{name: "  "}) == parsed()


def test_values_are_trimmed() -> None:
    assert parsed(KUSTO_DATABASE=" Events ", KUSTO_CLUSTER_URI=f" {CLUSTER}/ ").cluster_uri == CLUSTER


@pytest.mark.parametrize(
    "uri",
    [
        "c.kusto.windows.net",
        "ftp://c.kusto.windows.net",
        "https://",
        "https:///path",
        "https://c.kusto.windows.net/Events",
        "https://c.kusto.windows.net?x=1",
        "https://c.kusto.windows.net#x",
        "https://user:s3cret@c.kusto.windows.net",
        "https://c.kusto.windows.net:port",
        "https://[::1",
        "http://c.kusto.windows.net",
    ],
)
@pytest.mark.parametrize("name", ["KUSTO_CLUSTER_URI", "KUSTO_INGEST_URI"])
def test_a_uri_must_be_https_and_a_host(name: str, uri: str) -> None:
    problems = problems_of(**{name: uri})
    assert any(problem.startswith(name) for problem in problems)
    assert "s3cret" not in " ".join(problems)


@pytest.mark.parametrize(
    "uri",
    ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:8080", "http://127.8.9.1", "https://127.0.0.1"],
)
def test_loopback_needs_no_https(uri: str) -> None:
    assert is_loopback(uri)
    settings = parsed(KUSTO_CLUSTER_URI=uri)
    assert (settings.cluster_uri, settings.ingest_uri) == (uri, uri)


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1.example.com",
        "http://127.example.com",
        "http://localhost.example.com",
        "http://128.0.0.1",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://user@127.0.0.1@example.com",
    ],
)
def test_what_only_looks_like_loopback_is_not(uri: str) -> None:
    assert not is_loopback(uri)
    assert problems_of(KUSTO_CLUSTER_URI=uri)
    assert problems_of(KUSTO_CLUSTER_URI=uri.replace("http:", "https:"), KUSTO_AUTH="none")


@pytest.mark.parametrize(
    ("engine", "ingestion"),
    [
        (CLUSTER, "https://ingest-c.westeurope.kusto.windows.net"),
        ("https://ingest-c.kusto.windows.net", "https://ingest-c.kusto.windows.net"),
        ("https://trd-1.z2.kusto.fabric.microsoft.com", "https://ingest-trd-1.z2.kusto.fabric.microsoft.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("", ""),
    ],
)
def test_the_ingestion_endpoint_of_an_engine(engine: str, ingestion: str) -> None:
    assert ingestion_uri(engine) == ingestion


def test_a_given_ingestion_endpoint_counts() -> None:
    assert parsed(KUSTO_INGEST_URI="https://private.example.com/").ingest_uri == "https://private.example.com"


@pytest.mark.parametrize("auth", [auth for auth in Auth if auth is not Auth.AUTO])
@pytest.mark.parametrize("in_azure", [True, False])
def test_a_chosen_authentication_stays(auth: Auth, *, in_azure: bool) -> None:
    assert resolve_auth(auth, CLUSTER, in_azure=in_azure) is auth


@pytest.mark.parametrize(
    ("uri", "in_azure", "auth"),
    [
        (CLUSTER, True, Auth.MANAGED_IDENTITY),
        (CLUSTER, False, Auth.DEFAULT),
        ("http://127.0.0.1:8080", False, Auth.NONE),
        ("http://127.0.0.1:8080", True, Auth.NONE),
        ("https://127.0.0.1:8080", False, Auth.DEFAULT),
    ],
)
def test_what_auto_means(uri: str, auth: Auth, *, in_azure: bool) -> None:
    env = {"KUSTO_CLUSTER_URI": uri, **({"IDENTITY_ENDPOINT": "http://169.254.1.1/token"} if in_azure else {})}
    assert parse_settings(env).auth is auth


def test_no_authentication_is_for_loopback_only() -> None:
    (problem,) = problems_of(KUSTO_AUTH="none")
    assert "loopback" in problem


@pytest.mark.parametrize("text", ["NONE", "Azure_CLI", "managed_identity"])
def test_authentication_is_named_without_case(text: str) -> None:
    assert parsed(KUSTO_AUTH=text, KUSTO_CLUSTER_URI="http://localhost:1").auth == text.lower()


@pytest.mark.parametrize(
    ("text", "access", "identity"),
    [
        ("auto", BlobAccess.AUTO, None),
        ("SAS", BlobAccess.SAS, None),
        ("managed_identity=system", BlobAccess.MANAGED_IDENTITY, "system"),
        ("managed_identity=0f-1", BlobAccess.MANAGED_IDENTITY, "0f-1"),
    ],
)
def test_blob_access(text: str, access: BlobAccess, identity: str | None) -> None:
    settings = parsed(KUSTO_BLOB_ACCESS=text)
    assert (settings.blob_access, settings.blob_identity) == (access, identity)


@pytest.mark.parametrize("text", ["managed_identity", "managed_identity=", "sas=x", "auto=system", "=", "none"])
def test_blob_access_that_cannot_be_used(text: str) -> None:
    assert problems_of(KUSTO_BLOB_ACCESS=text)


@pytest.mark.parametrize("name", ["MAX_BODY_BYTES", "MAX_RAW_BYTES", "DEADLINE_SECONDS", "RETRY_DELAY_SECONDS"])
@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "-inf", "1e400", "many", "0x10", "1,5"])
def test_numbers_must_be_above_zero(name: str, text: str) -> None:
    (problem,) = problems_of(**{name: text})
    assert name in problem


@pytest.mark.parametrize("name", ["MAX_BODY_BYTES", "MAX_RAW_BYTES", "DEADLINE_SECONDS", "RETRY_DELAY_SECONDS"])
def test_a_part_of_one_is_too_little(name: str) -> None:
    assert problems_of(**{name: "0.99"})


def test_the_smallest_numbers() -> None:
    settings = parsed(MAX_BODY_BYTES="1", MAX_RAW_BYTES="1", DEADLINE_SECONDS="1")
    assert (settings.max_body_bytes, settings.max_raw_bytes, settings.deadline) == (1, 1, 1.0)


def test_the_table_of_settings_is_complete() -> None:
    names = [row.name for row in SETTINGS]
    assert len(set(names)) == len(names)
    assert [row.name for row in SETTINGS if row.default is None] == ["KUSTO_CLUSTER_URI"]
    assert all(row.meaning.endswith(".") for row in SETTINGS)
