"""The names that this code and the infrastructure must agree on: connection, containers and queues."""

#: The connection of the storage account, as the triggers name it (`LANDING`, `LANDING__blobServiceUri`, …).
LANDING_CONNECTION = "LANDING"

#: The container whose blobs are ingested.
LANDING_CONTAINER = "landing"
#: Payloads that wait for Kusto, and the alarms that wake them.
SPOOL_CONTAINER = "spool"
RETRY_QUEUE = "retries"
#: What was refused for good.
DEAD_LETTER_CONTAINER = "deadletters"
#: Receipts.
LEDGER_CONTAINER = "ledger"
#: Where the host puts a blob event that it gives up on (Microsoft.Azure.WebJobs.Extensions.Storage.Blobs).
POISON_QUEUE = "webjobs-blobtrigger-poison"
