"""The host's RPC message types, as plain Python objects.

The library worker (azure-functions-runtime) imports neither protobuf nor gRPC: whoever drives it hands in
the message classes (``request.properties["protos"]``), and reads only attributes, ``WhichOneof`` and a few
constants. In Azure those are generated classes or a pure-Python stand-in
(Azure/azure-functions-python-worker: workers/r2p2/bridge/protos_adapter.py); here they are the ones below.
"""

from typing import Any, ClassVar


class Message:
    """One RPC message: keyword arguments become fields, a field that was not given reads as ``None``."""

    oneof: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> Any:
        # The worker's Datum.from_typed_data asks every value for `.TypedData` and takes any answer but an
        # AttributeError for "this is a wrapper": class-like and dunder names must not exist.
        if name.startswith("__") or name[0].isupper():
            raise AttributeError(name)
        return None

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's own name, called by the worker
        """The field of the message's one-of group that is set."""
        return next((field for field in self.oneof if field in self.__dict__), None)


class TypedData(Message):
    """One value on its way between host and function."""

    oneof = (
        "string",
        "json",
        "bytes",
        "stream",
        "http",
        "int",
        "double",
        "collection_bytes",
        "collection_string",
        "collection_double",
        "collection_sint64",
        "model_binding_data",
        "collection_model_binding_data",
    )  # fmt: skip - one field a line would hide that this is a list of names


class ParameterBinding(Message):
    """A value under the name of the function's parameter."""

    oneof = ("data", "rpc_shared_memory")


class StatusResult(Message):
    """How a request ended."""

    Failure = 0
    Success = 1
    Cancelled = 2


class BindingInfo(Message):
    """Direction and data type of a binding (FunctionRpc.proto, BindingInfo)."""

    undefined = 0
    string = 1
    binary = 2
    stream = 3
    out = 1
    inout = 2


class SameSite:
    """Values of a cookie's SameSite attribute (FunctionRpc.proto, RpcHttpCookie.SameSite)."""

    Lax = 1
    Strict = 2
    ExplicitNone = 3


# `None` is a keyword, and the name the worker asks for with getattr.
setattr(SameSite, "None", 0)


class RpcHttpCookie(Message):
    """A cookie that the function sets."""

    SameSite = SameSite


class RpcHttp(Message):
    """An HTTP request or the function's response."""


class ModelBindingData(Message):
    """What an SDK-type binding is built from, instead of the content."""


class StreamingMessage(Message):
    """The envelope of every request to the worker."""


class WorkerInitRequest(Message):
    """Asks the worker to load and index the app."""


class WorkerInitResponse(Message):
    """Capabilities, or the exception that ended indexing."""


class WorkerMetadata(Message):
    """Versions of the worker."""


class FunctionMetadataResponse(Message):
    """The functions that the app declares."""


class RpcFunctionMetadata(Message):
    """One declared function."""


class RpcRetryOptions(Message):
    """A function-level retry policy."""


class RpcException(Message):
    """An exception of the app, as text."""


class FunctionLoadRequest(Message):
    """Asks the worker to make one function ready."""


class FunctionLoadResponse(Message):
    """Answer to FunctionLoadRequest."""


class InvocationRequest(Message):
    """One call of a function."""


class InvocationResponse(Message):
    """Return value and outputs of one call, or its exception."""


class RpcTraceContext(Message):
    """W3C trace context of an invocation."""


class RetryContext(Message):
    """Which attempt this is, under a function-level retry policy."""


class NullableString(Message):
    """A string or nothing."""


class NullableBool(Message):
    """A boolean or nothing."""


class NullableDouble(Message):
    """A number or nothing."""


class NullableTimestamp(Message):
    """A point in time or nothing."""


class Timestamp(Message):
    """Seconds since the epoch (google.protobuf.Timestamp)."""
