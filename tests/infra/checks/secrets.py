"""Checks that no secret leaves a template, and no cloud's host name is written into one."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.infra.bicep.deployment import deployed, expressions, of_type, scopes, strings
from tests.infra.bicep.scope import Scope
from tests.infra.bicep.values import Call, Expression, Member, Name, Value
from tests.infra.checks.syntax import bicep_files

#: The file that may read a key of the host: Event Grid's webhook address holds it.
_READS_KEYS = frozenset({"eventsub.bicep"})
_SECRET_MEMBER = re.compile(
    r"(?i)^(primary|secondary)?(master|access|shared)?key$|connectionstring|password|systemkeys"
)
_SECRET_NAME = re.compile(r"(?i)(secret|password|token|key)$")
_HOST = re.compile(
    r"(?i)[\w-]*\.(core\.windows\.net|azurewebsites\.net|kusto\.windows\.net|kusto\.fabric\.microsoft\.com|vault\.azure\.net"
    r"|management\.azure\.com|microsoftonline\.com|applicationinsights\.azure\.com|azuresynapse\.net)\b"
)


def output_secret_problems(root: Path) -> list[str]:
    """Outputs are stored with the deployment, for all who may read it: no key, connection string or secure value."""
    return [
        f"{scope.file.path.name}:{output.line} output {output.name} holds {found}"
        for scope in scopes(root)
        for output in scope.file.outputs.values()
        if "secure" not in output.decorators
        for found in _secrets(scope.value(output.value), scope, final=scope.entry)
    ]


def _secrets(value: Value, scope: Scope, *, final: bool) -> Iterator[str]:
    """Secrets in a value. Telemetry's address may pass between modules, but is no output of the deployment."""
    secure = {name for name, param in scope.file.params.items() if "secure" in param.decorators}
    for one in expressions(value):
        match one:
            case Call(name=name) if name.startswith("list"):
                yield one.text
            case Name(text=text) if text in secure:
                yield text
            case Member(key=str() as key) if final and _SECRET_MEMBER.search(key):
                yield one.text
            case _:
                pass


def key_reading_problems(root: Path) -> list[str]:
    """`listKeys` and its kin anywhere but where the webhook's address needs one."""
    return [
        f"{file.path.name}: {call}"
        for file in bicep_files(root)
        if file.path.name not in _READS_KEYS
        for call in re.findall(r"\blist(?:Keys|Secrets|AccountSas|ServiceSas|[A-Z]\w*)?\(", file.text)
    ]


def secure_param_problems(root: Path) -> list[str]:
    """Parameters that are named like a secret and are not `@secure()`, or are and have a default."""
    rows = [(file, param) for file in bicep_files(root) for param in file.params.values()]
    plain = [
        f"{file.path.name}:{param.line} {param.name} is not @secure()"
        for file, param in rows
        if param.type.startswith("string") and _SECRET_NAME.search(param.name) and "secure" not in param.decorators
    ]
    return plain + [
        f"{file.path.name}:{param.line} {param.name} has a default"
        for file, param in rows
        if "secure" in param.decorators and param.default
    ]


def host_problems(root: Path) -> list[str]:
    """Host names of one cloud: other clouds have others. `environment()` and the resources themselves know them."""
    described = [
        (scope.file.path.name, value)
        for scope in scopes(root)
        for value in (
            *(row.value for row in scope.file.vars.values()),
            *(row.value for row in scope.file.outputs.values()),
        )
    ]
    bodies = [(row.where, row.scope.value(dict(row.declared.body))) for row in deployed(root)]
    return sorted({f"{where}: {found[0]}" for where, value in (*described, *bodies) for found in _hosts(value)})


def _hosts(value: Value) -> Iterator[re.Match[str]]:
    return (found for text in strings(value) for found in _HOST.finditer(text))


def vault_problems(root: Path) -> list[str]:
    """Secrets are in the vault alone: app settings point to it, and the app's identity reads them."""
    site = of_type(root, "Microsoft.Web/sites")
    missing = [row.where for row in site if not isinstance(row.at("properties.keyVaultReferenceIdentity"), Expression)]
    return [f"{where}: no keyVaultReferenceIdentity" for where in missing]
