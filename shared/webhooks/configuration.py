"""The `webhook = {…}` entry of a route: scheme and the names of the settings that hold its secrets. Pure."""

from collections.abc import Mapping

from shared.webhooks.schemes import Scheme, Secret, Webhook, problem_of_secret

_KEYS = ("scheme", "secret")


class WebhookError(ValueError):
    """A webhook entry cannot be used."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def parse_webhook(raw: object, secrets: Mapping[str, str]) -> Webhook:
    """Read a webhook entry; `secret` is the name of an app setting, or a list of names during a rotation.

    Raises:
        WebhookError: with every problem found. A missing or empty secret is one: it must never be an open door.
    """
    if not isinstance(raw, dict):
        raise WebhookError('must be a table, for example { scheme = "github", secret = "GITHUB_WEBHOOK_SECRET" }')
    problems = [f"unknown key `{key}` in webhook; known are {', '.join(_KEYS)}" for key in raw if key not in _KEYS]
    try:
        scheme = Scheme(str(raw.get("scheme")))
    except ValueError:
        raise WebhookError(*problems, f"webhook scheme must be one of {', '.join(Scheme)}") from None
    names = raw.get("secret")
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise WebhookError(*problems, "webhook needs `secret`, the name of the app setting that holds it (or a list)")
    found = [_secret(scheme, name, secrets, problems) for name in names]
    if problems:
        raise WebhookError(*problems)
    return Webhook(scheme=scheme, secrets=tuple(found))


def _secret(scheme: Scheme, name: str, secrets: Mapping[str, str], problems: list[str]) -> Secret:
    value = secrets.get(name, "").strip()
    problem = problem_of_secret(scheme, value)
    if problem:
        problems.append(f"the app setting {name} that holds the webhook's secret {problem}")
    return Secret(value)
