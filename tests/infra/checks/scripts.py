"""Checks of the script resources that make the tables: every file once, and in order.

What stands in the files: kql.py.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.infra.bicep.deployment import Deployed, of_type, strings
from tests.infra.bicep.values import Call, Value
from tests.infra.checks.syntax import bicep_files

_SCRIPTS = "Microsoft.Kusto/clusters/databases/scripts"
#: Runs after the others: it needs a role that the deployer may lack, and the tables are there by then.
_LAST = "05-managed-identity"
_LOADED = re.compile(r"load(?:Text|Json|Yaml)Content\('([^']+)'")


def loaded_problems(root: Path) -> list[str]:
    """Files that a template loads and that are not there; files below infra/kql that are not loaded exactly once."""
    loaded = [
        (file.path.name, (file.path.parent / path).resolve())
        for file in bicep_files(root)
        for path in _LOADED.findall(file.text)
    ]
    scripts = [path.resolve() for path in sorted((root / "infra" / "kql").glob("*.kql"))]
    assert scripts, "no .kql below infra/kql"
    counts = Counter(path for _, path in loaded)
    return [f"{where} loads {path.name}, which is not there" for where, path in loaded if not path.is_file()] + [
        f"{path.name} is loaded {counts[path]} times" for path in scripts if counts[path] != 1
    ]


def update_tag_problems(root: Path) -> list[str]:
    """A tag that is not made of the content: a script would run always, or never again."""
    return [
        f"{row.where}: forceUpdateTag is {tag}, not uniqueString(scriptContent)"
        for row in of_type(root, _SCRIPTS)
        if not _is_hash(tag := row.at("properties.forceUpdateTag"), row.at("properties.scriptContent"))
    ]


def _is_hash(tag: Value, content: Value) -> bool:
    return isinstance(tag, Call) and tag.name == "uniqueString" and content in tag.arguments


def order_problems(root: Path) -> list[str]:
    """Scripts of a database run one after the other, in the order of their names: each names the one before."""
    rows = of_type(root, _SCRIPTS)
    names = [_script_file(row) for row in rows]
    wanted = sorted(names, key=lambda name: (name == _LAST, name))
    problems = [] if names == wanted else [f"the scripts stand in the order {names}, not {wanted}"]
    for row in rows:
        one_by_one = row.declared.decorators.get("batchSize") == (1,)
        if row.declared.loop is not None and not one_by_one:
            problems.append(f"{row.where} is a loop without @batchSize(1): its scripts run at once")
    return problems + list(_without_predecessor([row for row in rows if row.declared.loop is None]))


def _without_predecessor(rows: list[Deployed]) -> Iterator[str]:
    for before, row in pairwise(rows):
        depends = row.body.get("dependsOn")
        named = {str(one) for one in depends} if isinstance(depends, list) else set()
        if before.declared.name not in named:
            yield f"{row.where} does not depend on {before.declared.name}"


def _script_file(row: Deployed) -> str:
    """The text by which scripts are ordered: the name of the file, or of the resource."""
    texts = list(strings(row.at("name")))
    return texts[-1] if texts else str(row.at("name"))
