"""The dead-letter endpoints: `/api/deadletters[/{id}[/body|/replay]]`."""

from urllib.parse import unquote

from shared.desk.letters import Filter, Letters
from shared.http.api import HttpReply, render_json, render_outcome, render_problem
from shared.http.call import HttpCall
from shared.outcome import Code, Outcome, Problem, Rejected, not_found

#: In place of an id: every letter that the filter matches, a page a call.
ALL = "all"


class LetterDesk:
    """Answers the operator's requests."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    async def answer(self, call: HttpCall) -> HttpReply:
        """Any request below `/api/deadletters`; `call.route` is the id, `call.table` the action."""
        letter, action = unquote(call.route), call.table
        match call.method, action:
            case "GET", None:
                return await self._look(call, letter)
            case "GET", "body":
                content = await self._letters.body(letter)
                return _missing(call) if content is None else _raw(content)
            case "POST", "replay":
                return await self._replay(call, letter)
            case "DELETE", None if letter:
                deleted = await self._letters.delete(letter)
                return HttpReply(status=204, headers={}, body=b"") if deleted else _missing(call)
            case _:
                detail = "Dead letters are listed, looked at, replayed and deleted; see docs/http-api.md."
                problem = Problem(code=Code.METHOD_NOT_ALLOWED, detail=detail, accepted=("GET", "POST", "DELETE"))
                return render_problem(problem, call.operation_id)

    async def _look(self, call: HttpCall, letter: str) -> HttpReply:
        if not letter:
            return render_json(200, await self._letters.page(_filter(call)))
        found = await self._letters.look(letter)
        return render_json(200, found) if found else _missing(call)

    async def _replay(self, call: HttpCall, letter: str) -> HttpReply:
        if letter == ALL:
            return render_json(200, await self._letters.replay_all(_filter(call)))
        replay = await self._letters.replay(letter)
        if replay is None:
            return _missing(call)
        outcome: Outcome | None = replay.outcome
        if isinstance(outcome, Rejected):
            return render_problem(outcome.problem, call.operation_id)
        return render_outcome(replay.operation, outcome)


def _filter(call: HttpCall) -> Filter:
    query = call.query
    return Filter(route=query.get("route", ""), reason=query.get("reason", ""), cursor=query.get("cursor") or None)


def _missing(call: HttpCall) -> HttpReply:
    return render_problem(not_found("dead letter"), call.operation_id)


def _raw(content: bytes) -> HttpReply:
    headers = {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
    return HttpReply(status=200, headers=headers, body=content)
