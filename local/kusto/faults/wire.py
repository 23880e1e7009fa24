"""Faults as JSON, the language of ``POST /admin/faults``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, assert_never

from local.kusto.errors import bad_request
from local.kusto.faults.effects import (
    Aim,
    Answer,
    BreakStorage,
    Delay,
    Drop,
    Effect,
    Endpoint,
    Fault,
    Garbage,
    Garble,
    SlowBody,
    StorageMode,
)


def read_fault(fields: object) -> Fault:
    """Read a fault; raises ``KustoError`` (400) that says what is wrong."""
    if not isinstance(fields, Mapping):
        raise bad_request("BadRequest", "A fault is a JSON object.")
    try:
        return _fault(fields)
    except (KeyError, TypeError, ValueError) as error:
        raise bad_request("BadRequest", f"The fault is not understood ({type(error).__name__}: {error}).") from error


_KNOWN: Final = {"on", "database", "table", "command", "times", "skip", "probability", "seed", "effect"}


def _fault(fields: Mapping[str, Any]) -> Fault:
    if unknown := set(fields) - _KNOWN:
        raise ValueError(f"unknown field {sorted(unknown)}; known: {sorted(_KNOWN)}")
    on = fields.get("on") or [endpoint.value for endpoint in Endpoint]
    aim = Aim(
        endpoints=frozenset(Endpoint(name) for name in ([on] if isinstance(on, str) else on)),
        database=str(fields.get("database", "")),
        table=str(fields.get("table", "")),
        command=str(fields.get("command", "")),
    )
    times = fields.get("times", 1)
    probability = float(fields.get("probability", 1.0))
    if not 0 <= probability <= 1:
        raise ValueError("probability lies between 0 and 1")
    return Fault(
        aim=aim,
        effect=read_effect(fields["effect"]),
        times=None if times is None else int(times),
        skip=int(fields.get("skip", 0)),
        probability=probability,
        seed=int(fields.get("seed", 0)),
    )


def read_effect(fields: Mapping[str, Any]) -> Effect:
    """Read an effect; raises ``ValueError``, ``KeyError`` or ``TypeError``."""
    rest = dict(fields)
    kind = str(rest.pop("kind"))
    if kind not in _READERS:
        raise ValueError(f"unknown effect '{kind}'; known: {sorted(_READERS)}")
    return _READERS[kind](rest)


def _answer(rest: dict[str, Any]) -> Effect:
    headers = rest.pop("headers", {})
    return Answer(
        status=int(rest.pop("status")),
        headers=tuple((str(name), str(value)) for name, value in dict(headers).items()),
        type_=str(rest.pop("type", "")),
        **rest,
    )


_READERS: Final[Mapping[str, Callable[[dict[str, Any]], Effect]]] = {
    "answer": _answer,
    "delay": lambda rest: Delay(seconds=float(rest.pop("seconds")), **rest),
    "drop": lambda rest: Drop(**rest),
    "garble": lambda rest: Garble(kind=Garbage(rest.pop("garbage")), **rest),
    "slow_body": lambda rest: SlowBody(seconds=float(rest.pop("seconds")), **rest),
    "storage": lambda rest: BreakStorage(mode=StorageMode(rest.pop("mode")), **rest),
}


def write_fault(fault: Fault) -> dict[str, object]:
    """Write a fault so that ``read_fault`` reads the same."""
    aim = fault.aim
    return {
        "on": sorted(endpoint.value for endpoint in aim.endpoints),
        "database": aim.database,
        "table": aim.table,
        "command": aim.command,
        "times": fault.times,
        "skip": fault.skip,
        "probability": fault.probability,
        "seed": fault.seed,
        "effect": _write_effect(fault.effect),
    }


def _write_effect(effect: Effect) -> dict[str, object]:
    match effect:
        case Answer():
            return {
                "kind": "answer",
                "status": effect.status,
                "code": effect.code,
                "message": effect.message,
                "type": effect.type_,
                "permanent": effect.permanent,
                "headers": dict(effect.headers),
                "body": effect.body,
                "content_type": effect.content_type,
                "commit": effect.commit,
            }
        case Delay():
            return {"kind": "delay", "seconds": effect.seconds}
        case Drop():
            return {"kind": "drop", "commit": effect.commit}
        case Garble():
            return {"kind": "garble", "garbage": effect.kind.value, "commit": effect.commit}
        case SlowBody():
            return {"kind": "slow_body", "seconds": effect.seconds, "pieces": effect.pieces}
        case BreakStorage():
            return {"kind": "storage", "mode": effect.mode.value, "containers": effect.containers}
    assert_never(effect)
