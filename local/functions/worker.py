"""The real Python worker (azure-functions-runtime), driven in this process.

The worker keeps its registry, its protos and its HTTP mode in module globals, so one process runs one app.
"""

import importlib
import os
import secrets
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from local.functions import protos

# Ships no type information; Any here is the border.
runtime: Any = importlib.import_module("azure_functions_runtime")


class AppError(Exception):
    """The app cannot be run: the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedFunction:
    """A function as the worker's indexing reports it.

    Attributes:
        raw_bindings: JSON texts, one a binding, as they would stand in a function.json.
        retries: It declares a function-level retry policy.
    """

    name: str
    function_id: str
    raw_bindings: tuple[str, ...]
    retries: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """W3C trace context of one invocation."""

    parent: str
    state: str = ""

    @classmethod
    def follow(cls, parent: str, state: str) -> Self:
        """A new span in the caller's trace, or a new trace where the caller brought no valid one."""
        parts = parent.split("-")
        known = len(parts) == 4 and len(parts[1]) == 32 and parts[1] != "0" * 32  # noqa: PLR2004 - W3C traceparent
        trace_id = parts[1] if known else secrets.token_hex(16)
        return cls(parent=f"00-{trace_id}-{secrets.token_hex(8)}-01", state=state if known else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One invocation to be: which function, with what."""

    function_id: str
    inputs: Mapping[str, protos.TypedData]
    trigger_metadata: Mapping[str, protos.TypedData] = field(default_factory=dict)
    trace: Trace = field(default_factory=lambda: Trace.follow("", ""))
    invocation_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """The function came back.

    Attributes:
        value: What it returned (``http``, ``string``, ``json`` … set), or None.
        outputs: Values of its output bindings by name.
    """

    value: protos.TypedData | None
    outputs: Mapping[str, protos.TypedData]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """The function ended by an exception (text of the worker: type, text and stack)."""

    message: str
    stack: str


class Worker:
    """Runs the functions of one app.

    Args:
        app_dir: Folder of ``function_app.py``; becomes the working directory and the first entry of ``sys.path``.
        env: App settings; laid over the process environment.
    """

    def __init__(self, app_dir: Path, env: Mapping[str, str]) -> None:
        self.app_dir = app_dir.resolve()
        self.env = dict(env)
        self.functions: tuple[IndexedFunction, ...] = ()

    async def start(self) -> tuple[IndexedFunction, ...]:
        """Import and index the app.

        Raises:
            AppError: There is no function_app.py, it does not import, or the worker refuses what it declares.
        """
        script = self.app_dir / os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
        if not script.is_file():
            raise AppError(f"There is no {script.name} in {self.app_dir}. Point --app at the folder that holds it.")
        os.environ.update(self.env)
        # The host's own default (Azure/azure-functions-host: DefaultWorkerProcessFactory.cs).
        os.environ.setdefault("PYTHON_THREADPOOL_THREAD_COUNT", "1000")
        os.chdir(self.app_dir)
        sys.path.insert(0, str(self.app_dir))
        runtime.start_threadpool_executor()
        init = protos.WorkerInitRequest(
            capabilities={}, function_app_directory=str(self.app_dir), host_version="4.0.0", worker_directory=""
        )
        answer = await runtime.worker_init_request(_envelope(worker_init_request=init))
        if answer.result.status != protos.StatusResult.Success:
            error = answer.result.exception
            text = f"{error.message}\n{error.stack_trace}".rstrip()
            raise AppError(f"The app in {self.app_dir} could not be indexed.\n{text}")
        if "HttpUri" in answer.capabilities:
            raise AppError(
                "This app uses HTTP streams (azurefunctions-extensions-http-fastapi), which the local host does not "
                "serve. Use azure.functions.HttpRequest, or run the app with Core Tools (func start)."
            )
        listed = await runtime.functions_metadata_request(_envelope())
        self.functions = tuple(_indexed(entry) for entry in listed.function_metadata_results or ())
        if not self.functions:
            raise AppError(f"{script} declares no function. Decorate at least one, for example with @app.route().")
        return self.functions

    async def invoke(self, call: Call) -> Returned | Raised:
        """Run one invocation to its end."""
        request = protos.InvocationRequest(
            invocation_id=call.invocation_id,
            function_id=call.function_id,
            input_data=[protos.ParameterBinding(name=name, data=data) for name, data in call.inputs.items()],
            trigger_metadata=call.trigger_metadata,
            trace_context=protos.RpcTraceContext(
                trace_parent=call.trace.parent, trace_state=call.trace.state, attributes={}
            ),
            retry_context=protos.RetryContext(retry_count=0, max_retry_count=0),
        )
        answer = await runtime.invocation_request(_envelope(invocation_request=request))
        if answer.result.status != protos.StatusResult.Success:
            error = answer.result.exception
            return Raised(message=error.message, stack=error.stack_trace)
        outputs = {item.name: item.data for item in answer.output_data or () if item.data is not None}
        return Returned(value=answer.return_value, outputs=outputs)

    def stop(self) -> None:
        """End the worker's thread pool; does not wait for synchronous functions that still run."""
        if (pool := runtime.get_threadpool_executor()) is not None:
            pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Envelope:
    request: protos.StreamingMessage
    properties: Mapping[str, Any]


def _envelope(**message: protos.Message) -> _Envelope:
    return _Envelope(
        request=protos.StreamingMessage(request_id="", **message), properties={"protos": protos, "host": "127.0.0.1"}
    )


def _indexed(entry: Any) -> IndexedFunction:
    return IndexedFunction(
        name=entry.name,
        function_id=entry.function_id,
        raw_bindings=tuple(entry.raw_bindings),
        retries=entry.retry_options is not None,
    )


def enter_invocation(invocation_id: str) -> None:
    """Say that the running task belongs to this invocation; what it logs carries the id."""
    runtime.invocation_id_cv.set(invocation_id)


def current_invocation() -> str | None:
    """Id of the invocation that the running code belongs to (also in the worker's threads)."""
    found: str | None = runtime.invocation_id_cv.get()
    return found
