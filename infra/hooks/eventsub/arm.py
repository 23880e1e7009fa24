"""Azure Resource Manager over HTTP: signs in, asks, and asks again while it is only busy or cold."""

import logging
from collections.abc import Mapping
from types import TracebackType

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, ServiceRequestError, ServiceResponseError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, UserAgentPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse

from .faults import Fault, innermost
from .patience import Patience
from .target import Target

Body = Mapping[str, object]

#: Answers that another try may change. Resource Manager's throttling docs: 429 comes with Retry-After in seconds.
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_OK = frozenset({200, 201, 202})
_CONNECT_SECONDS = 15
_READ_SECONDS = 90
_LONGEST_REASON = 600


class RefusedError(Exception):
    """Azure answered no, and asking again will not change it."""

    def __init__(self, *, status: int, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.status = status
        self.faults = faults


class SignInError(Exception):
    """No token could be had: nobody is signed in, or not for this tenant."""


class Arm:
    """A signed-in resource manager. Use as a context manager."""

    def __init__(self, target: Target, *, credential: TokenCredential, patience: Patience) -> None:
        # The SDK reports every failed credential as a warning; what matters is said once, by us.
        logging.getLogger("azure").addHandler(logging.NullHandler())
        self._patience = patience
        self._secure = not target.on_loopback
        self._client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
            target.manager,
            policies=[
                UserAgentPolicy("kusto-ingest-postdeploy"),
                BearerTokenCredentialPolicy(credential, target.scope),
            ],
            transport=RequestsTransport(connection_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS),
        )

    def __enter__(self) -> "Arm":  # noqa: PYI034 - typing.Self is newer than the oldest Python served
        self._client.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.__exit__(kind, error, trace)

    def send(self, method: str, path: str, *, version: str, body: Body | None = None) -> Body:
        """The answer's JSON object. Busy answers and broken connections are tried again.

        Raises:
            RefusedError: a lasting refusal.
            SignInError: there is no token to send.
            OutOfTimeError: it stayed busy for too long.
        """
        tries = 0
        while True:
            request = HttpRequest(method, self._client.format_url(path), params={"api-version": version}, json=body)
            try:
                response = self._client.send_request(request, enforce_https=self._secure)
            except (ServiceRequestError, ServiceResponseError) as broken:
                busy, at_least = f"no answer from Azure Resource Manager ({type(broken).__name__})", 0.0
            except ClientAuthenticationError as refused:
                raise SignInError(_in_one_line(refused)) from None
            else:
                if response.status_code not in _PASSING:
                    return _parsed(response)
                busy = f"Azure Resource Manager answers HTTP {response.status_code}"
                at_least = _retry_after(response)
            self._patience.pause(busy, tries=tries, at_least=at_least)
            tries += 1


def _parsed(response: HttpResponse) -> Body:
    try:
        body: object = response.json() if response.text() else {}
    except ValueError:
        body = None
    if response.status_code in _OK and isinstance(body, Mapping):
        return body
    otherwise = Fault(
        code=f"HTTP {response.status_code}", message=f"{response.reason}, without an error that can be read"
    )
    raise RefusedError(status=response.status_code, faults=innermost(body, otherwise=otherwise))


def _retry_after(response: HttpResponse) -> float:
    """Seconds; the form with a date is not used by Resource Manager and counts as nothing."""
    try:
        return max(0.0, float(response.headers.get("Retry-After", 0.0)))
    except ValueError:
        return 0.0


def _in_one_line(error: AzureError) -> str:
    return " ".join(str(error.message).split())[:_LONGEST_REASON] or type(error).__name__
