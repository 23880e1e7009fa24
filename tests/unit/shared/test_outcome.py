"""The catalogue of problems against the table of statuses in the documentation of the HTTP surface."""

import pytest

from shared.outcome import CATALOGUE, Code, Problem, Refused

STATUSES = {
    Code.MALFORMED_BODY: 400,
    Code.MALFORMED_PARAMETER: 400,
    Code.EMPTY_BODY: 400,
    Code.UNAUTHENTICATED: 401,
    Code.ROUTE_NOT_FOUND: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.LENGTH_REQUIRED: 411,
    Code.TOO_LARGE: 413,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.NOT_FOUND: 404,
    Code.IN_PROGRESS: 409,
    Code.RECORDS_REFUSED: 422,
    Code.KEY_REUSED: 422,
    Code.QUEUE_FULL: 429,
    Code.INTERNAL: 500,
    Code.NOT_CONFIGURED: 503,
    Code.MISCONFIGURED: 503,
    Code.UNAVAILABLE: 503,
    Code.DRAINING: 503,
    Code.OUTCOME_UNKNOWN: 504,
}

each_code = pytest.mark.parametrize("code", Code)


def test_every_code_has_a_row_here_and_there() -> None:
    assert set(CATALOGUE) == set(Code) == set(STATUSES)


@each_code
def test_statuses(code: Code) -> None:
    assert Problem(code=code, detail="x").kind.status == STATUSES[code]


@each_code
def test_what_the_caller_did_wrong_is_not_worth_a_retry(code: Code) -> None:
    status = STATUSES[code]
    assert CATALOGUE[code].retryable is (status >= 500 or status in {409, 429})


@each_code
def test_what_may_heal_is_no_status_that_event_grid_takes_for_final(code: Code) -> None:
    # Microsoft docs, "Event Grid message delivery and retry": these are dropped or dead-lettered at once.
    if CATALOGUE[code].retryable:
        assert STATUSES[code] not in {400, 401, 403, 413}


@each_code
def test_titles_are_sentences_of_their_own(code: Code) -> None:
    title = CATALOGUE[code].title
    assert title[0].isupper()
    assert not title.endswith(".")
    assert [kind.title for kind in CATALOGUE.values()].count(title) == 1


def test_a_refusal_says_what_and_why() -> None:
    refused = Refused(Problem(code=Code.EMPTY_BODY, detail="Nothing came."))
    assert str(refused) == "empty-body: Nothing came."
