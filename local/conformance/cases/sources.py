"""Where expectations come from."""

from __future__ import annotations

from typing import Final

FORMATS: Final = "Microsoft docs: ingestion-supported-formats"
INVALID: Final = "Microsoft docs: ingest-invalid-data"
CODES: Final = "Microsoft docs: error-codes"
STREAMING: Final = "Microsoft docs: api/rest/streaming-ingest"
LIMITS: Final = "Microsoft docs: ingest-data-streaming, limitations"
MANAGED: Final = "Microsoft docs: app-managed-streaming-ingest"
MAPPING: Final = "Microsoft docs: management/mappings"
CSV_MAPPING: Final = "Microsoft docs: management/csv-mapping"
JSON_MAPPING: Final = "Microsoft docs: management/json-mapping"
TYPES: Final = "Microsoft docs: query/scalar-data-types"
PROPERTIES: Final = "Microsoft docs: ingestion-properties"
ERRORS: Final = "Microsoft docs: kusto-data-client-errors"
MANAGEMENT: Final = "Microsoft docs: kusto/management"
QUERY: Final = "Microsoft docs: kusto/query"
REST: Final = "Microsoft docs: api/rest/request"
INGEST_REST: Final = "Microsoft docs: api/netfx/kusto-ingest-client-rest"
REAL_CLUSTER: Final = "Azure/Webjobs.Extensions.Kusto, KustoBindingE2EIntegrationTests.cs (a real cluster)"
STRICT: Final = "not documented"
