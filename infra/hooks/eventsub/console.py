"""What the run prints. Everything passes here, so that no key, token or signed URL gets out."""

import re
import sys
from dataclasses import dataclass, field

_QUERY = re.compile(r"(https?://[^\s\"'?<>]+)\?[^\s\"'<>]*", re.IGNORECASE)
_PARAMETER = re.compile(r"\b((?:code|sig|token|access_token|key)=)[^\s\"'&<>]+", re.IGNORECASE)
_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")


@dataclass(slots=True)
class Console:
    """Standard output for progress, standard error for what went wrong; both without secrets."""

    _secrets: set[str] = field(default_factory=set)

    def hide(self, secret: str) -> None:
        """Never print this text."""
        if secret:
            self._secrets.add(secret)

    def say(self, line: str) -> None:
        """Report progress."""
        print(f"postdeploy: {self.clean(line)}", flush=True)  # noqa: T201 - the hook's report to the person or the log

    def complain(self, line: str) -> None:
        """Report what went wrong or what to do about it."""
        print(self.clean(line), file=sys.stderr, flush=True)  # noqa: T201 - as above

    def clean(self, text: str) -> str:
        """The text without known secrets, query strings of URLs, key parameters and tokens."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        text = _QUERY.sub(r"\1?***", text)
        return _TOKEN.sub("***", _PARAMETER.sub(r"\1***", text))
