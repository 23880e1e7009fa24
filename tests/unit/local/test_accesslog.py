"""Captured lines of Azurite 3.35.0."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.accesslog import Api, blob_created

PREFIX = '127.0.0.1 - - [22/Nov/2026:19:13:04 +0000] "'


@pytest.mark.parametrize(
    ("request_line", "api", "name"),
    [
        ('PUT /devstoreaccount1/landing/a.csv HTTP/1.1" 201 -', Api.PUT_BLOB, "a.csv"),
        (
            'PUT /devstoreaccount1/landing/storms/a%20b%2Bc%20%C3%A9%2520%26%3F%23x.csv HTTP/1.1" 201 -',
            Api.PUT_BLOB,
            "storms/a b+c é%20&?#x.csv",
        ),
        ('PUT /devstoreaccount1/landing/a+b.csv HTTP/1.1" 201 -', Api.PUT_BLOB, "a+b.csv"),
        (
            'PUT /devstoreaccount1/landing/storms/%E6%97%A5%E6%9C%AC%27%22quote.csv HTTP/1.1" 201 -',
            Api.PUT_BLOB,
            "storms/日本'\"quote.csv",
        ),
        ('PUT /devstoreaccount1/landing/big.bin?comp=blocklist HTTP/1.1" 201 -', Api.PUT_BLOCK_LIST, "big.bin"),
        ('PUT /devstoreaccount1/landing/copy.csv HTTP/1.1" 202 -', Api.COPY_BLOB, "copy.csv"),
        (
            'PUT /devstoreaccount1/landing/sas.csv?se=2030-01-01T00%3A00%3A00Z&sp=cw&sr=b&sig=4q/Z%3D HTTP/1.1" 201 -',
            Api.PUT_BLOB,
            "sas.csv",
        ),
    ],
)
def test_a_completed_blob_is_seen(request_line: str, api: Api, name: str) -> None:
    found = blob_created(PREFIX + request_line)

    assert found is not None
    assert (found.api, found.container, found.name) == (api, "landing", name)


@pytest.mark.parametrize(
    "line",
    [
        "Azurite Blob service is successfully listening at http://127.0.0.1:39947",
        PREFIX + 'PUT /devstoreaccount1/landing?restype=container HTTP/1.1" 201 -',
        PREFIX + 'PUT /devstoreaccount1/landing/big.bin?comp=block&blockid=TURBd01EQXdN HTTP/1.1" 201 -',
        PREFIX + 'PUT /devstoreaccount1/landing/a.csv HTTP/1.1" 409 -',
        PREFIX + 'PUT /devstoreaccount1/landing/copy2.csv HTTP/1.1" 501 -',
        PREFIX + 'PUT /devstoreaccount1/landing/a.csv?comp=metadata HTTP/1.1" 200 -',
        PREFIX + 'PUT /devstoreaccount1/landing/a.csv?comp=tags HTTP/1.1" 204 -',
        PREFIX + 'PUT /devstoreaccount1/landing/page.bin?comp=page HTTP/1.1" 201 -',
        PREFIX + 'PUT /devstoreaccount1/landing/append.bin?comp=appendblock HTTP/1.1" 201 -',
        PREFIX + 'GET /devstoreaccount1/landing/a.csv HTTP/1.1" 200 -',
        PREFIX + 'DELETE /devstoreaccount1/landing/a.csv HTTP/1.1" 202 -',
        PREFIX + 'POST /devstoreaccount1/queue/messages HTTP/1.1" 201 -',
        PREFIX + 'PUT /devstoreaccount1/queue HTTP/1.1" 201 -',
    ],
)
def test_everything_else_is_not(line: str) -> None:
    assert blob_created(line) is None


@given(st.text())
def test_no_line_breaks_it(line: str) -> None:
    blob_created(line)
