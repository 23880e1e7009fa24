"""What can go wrong around the stack's processes, each with a text for the person at the keyboard."""


class LocalError(Exception):
    """Something about this machine or this call stops the command; the text says what to do.

    Attributes:
        exit_code: What the command line ends with.
    """

    exit_code = 1


class UsageError(LocalError):
    """The command was called in a way that cannot work."""

    exit_code = 2


class PortInUseError(UsageError):
    """A port is taken by somebody else."""

    def __init__(self, port: int, option: str) -> None:
        super().__init__(
            f"Port {port} on 127.0.0.1 is in use. Stop what listens there, or choose another one with {option} PORT "
            "(0 takes any free port)."
        )


class NotReadyError(LocalError):
    """A child process did not report that it is ready in time."""


class ChildDiedError(LocalError):
    """A child process ended by itself.

    Attributes:
        name: Which one.
        code: Its exit code, negative for a signal.
    """

    def __init__(self, name: str, code: int, tail: tuple[str, ...], log: str) -> None:
        last = "".join(f"\n  | {line}" for line in tail) or "\n  | (it said nothing)"
        super().__init__(f"{name} ended by itself with exit code {code}. Its last lines (all of them in {log}):{last}")
        self.name = name
        self.code = code
