"""Checks of what is watched: logs and metrics of every resource, and an alert for a cluster that stands still."""

from pathlib import Path

from tests.infra.bicep.deployment import of_type, strings

_SETTINGS = "Microsoft.Insights/diagnosticSettings"
#: What sends its logs and metrics to Log Analytics.
WATCHED = frozenset({"blobServices", "clusters", "queueServices", "sites", "systemTopics"})


def diagnostic_problems(root: Path) -> list[str]:
    """Resources without diagnostic settings, and settings that send nothing or nowhere."""
    rows = of_type(root, _SETTINGS)
    kinds = {
        one.type.rpartition("/")[2]
        for row in rows
        for one in row.scope.file.resources
        if one.name == str(row.at("scope")).rpartition("::")[2]
    }
    nowhere = [f"{row.where}: no workspaceId" for row in rows if row.at("properties.workspaceId") is None]
    nothing = [f"{row.where}: no logs" for row in rows if not row.at("properties.logs")]
    return [*nowhere, *nothing, *(f"{kind} is not watched" for kind in sorted(WATCHED - kinds))]


def stopped_cluster_problems(root: Path) -> list[str]:
    """A cluster stops by itself where it is told to, and does not start again: somebody must be told."""
    metrics = {text for row in of_type(root, "Microsoft.Insights/metricAlerts") for text in strings(dict(row.body))}
    queries = {
        text for row in of_type(root, "Microsoft.Insights/scheduledQueryRules") for text in strings(dict(row.body))
    }
    told = "KeepAlive" in metrics or any("cluster-stopped" in text for text in queries)
    return [] if told else ["no alert tells of a cluster that has stopped"]
