"""The table: every case of the suite."""

from __future__ import annotations

from local.conformance.cases.commands import COMMANDS
from local.conformance.cases.formats import FORMATS
from local.conformance.cases.mappings import MAPPINGS
from local.conformance.cases.queries import QUERIES
from local.conformance.cases.queued import QUEUED
from local.conformance.cases.refusals import REFUSALS
from local.conformance.cases.values import VALUES

CASES = (*FORMATS, *VALUES, *MAPPINGS, *REFUSALS, *COMMANDS, *QUERIES, *QUEUED)
