"""What breaks the agreement of template, code, scripts and azd files."""

from tests.infra.breakages.breakage import MAIN, PARAMETERS, SETTINGS, breakage
from tests.infra.checks.kql import mapping_problems
from tests.infra.checks.settings import (
    default_problems,
    kusto_endpoint_problems,
    missing_problems,
    refused_problems,
    secret_name_problems,
    unknown_problems,
)
from tests.infra.checks.site import runtime_problems
from tests.infra.checks.storage import container_problems, ledger_problems, queue_problems
from tests.infra.checks.wiring import (
    endpoint_problems,
    filter_container_problems,
    hook_function_problems,
    hook_output_problems,
    loop_back_problems,
    parameter_default_problems,
    parameter_problems,
    service_problems,
)

BREAKAGES = (
    breakage(
        "a container is renamed in Bicep only",
        (MAIN, "var spoolContainer = 'spool'", "var spoolContainer = 'spooled'"),
        ("test_containers_are_those_of_the_code", container_problems, "container spool is used by the code, and not"),
    ),
    breakage(
        "a container is renamed in the code only",
        ("shared/storage/names.py", 'LEDGER_CONTAINER = "ledger"', 'LEDGER_CONTAINER = "receipts"'),
        ("test_containers_are_those_of_the_code", container_problems, "container ledger is made"),
    ),
    breakage(
        "a queue is misspelt",
        (MAIN, "'webjobs-blobtrigger-poison'", "'webjobs-blobtriggers-poison'"),
        ("test_queues_are_those_of_the_code", queue_problems, "queue webjobs-blobtrigger-poison is used by the code"),
    ),
    breakage(
        "an app setting is dropped",
        (SETTINGS, "      MAX_RAW_BYTES: string(limits.maxRawBytes)\n", ""),
        ("test_every_setting_that_is_read_is_set", missing_problems, "MAX_RAW_BYTES is read, and not set"),
    ),
    breakage(
        "the poison queue's address is dropped",
        (SETTINGS, "      LANDING__queueServiceUri: queueEndpoint\n", ""),
        ("test_every_setting_that_is_read_is_set", missing_problems, "LANDING__queueServiceUri is read, and not set"),
    ),
    breakage(
        "an app setting is misspelt",
        (SETTINGS, "DEADLINE_SECONDS:", "DEADLINE_SECOND:"),
        ("test_every_setting_that_is_set_is_read", unknown_problems, "DEADLINE_SECOND is set"),
    ),
    breakage(
        "the code reads a new setting",
        (
            "shared/settings.py",
            "SETTINGS = (\n",
            'SETTINGS = (\n    Setting(name="NEW_ONE", default="1", meaning="m"),\n',
        ),
        ("test_every_setting_that_is_read_is_set", missing_problems, "NEW_ONE is read, and not set"),
    ),
    breakage(
        "the host's storage is set as a connection string",
        (
            SETTINGS,
            "AzureWebJobsStorage__accountName: storage",
            "AzureWebJobsStorage: ''\n      AzureWebJobsStorage__accountName: storage",
        ),
        ("test_refused_settings_are_not_set", refused_problems, "AzureWebJobsStorage must not be set"),
    ),
    breakage(
        "a default is another one than the code's",
        (MAIN, "param maxBodyBytes int = 33554432", "param maxBodyBytes int = 3355443"),
        ("test_defaults_of_the_template_are_those_of_the_code", default_problems, "MAX_BODY_BYTES is '3355443'"),
    ),
    breakage(
        "the same default, in main.parameters.json",
        (PARAMETERS, "MAX_BODY_BYTES=33554432", "MAX_BODY_BYTES=1"),
        ("test_defaults_of_parameters_are_the_same_in_both_files", parameter_default_problems, "maxBodyBytes is '1'"),
    ),
    breakage(
        "a column of a mapping is misspelt",
        ("infra/kql/20-webhooks.kql", '"Column": "Subject"', '"Column": "Subjct"'),
        ("test_the_mappings_fit_their_tables", mapping_problems, "Subjct"),
    ),
    breakage(
        "a column of a table is renamed",
        ("infra/kql/10-storms.kql", "DamageCrops:int", "DamagedCrops:int"),
        ("test_the_mappings_fit_their_tables", mapping_problems, "DamageCrops"),
    ),
    breakage(
        "the blob trigger is renamed",
        ("function_app.py", "async def blob_created(", "async def blob_landed("),
        ("test_event_grid_calls_the_blob_trigger", endpoint_problems, "names no blob trigger"),
    ),
    breakage(
        "the same, as the hook sees it",
        ("function_app.py", "async def blob_created(", "async def blob_landed("),
        ("test_the_hook_waits_for_the_blob_trigger", hook_function_problems, "blob_landed"),
    ),
    breakage(
        "the trigger listens to another container",
        ("function_app.py", 'path=f"{LANDING_CONTAINER}/{{name}}"', 'path="arrivals/{name}"'),
        ("test_the_filter_is_for_the_triggers_container", filter_container_problems, "arrivals"),
    ),
    breakage(
        "receipts go before the last retry",
        (MAIN, "param ledgerDays int = 30", "param ledgerDays int = 2"),
        ("test_receipts_outlive_retries", ledger_problems, "receipts go after 2 days"),
    ),
    breakage(
        "an endpoint is put together",
        (
            MAIN,
            "existingKustoUri : kustoEndpoints!.outputs.uri",
            "existingKustoUri : 'https://${kustoClusterName}.kusto'",
        ),
        ("test_endpoints_come_from_the_cluster_or_are_given", kusto_endpoint_problems, "KUSTO_CLUSTER_URI is one of"),
    ),
    breakage(
        "another Python",
        (".python-version", "3.13", "3.14"),
        ("test_one_python_everywhere", runtime_problems, "not 3.14"),
    ),
    breakage(
        "a route names a secret that the template does not know",
        ("routes.toml", 'secret = "GITHUB_WEBHOOK_SECRET"', 'secret = "HUB_SECRET"'),
        ("test_the_secrets_are_those_of_the_routes", secret_name_problems, "HUB_SECRET"),
    ),
    breakage(
        "an input is named like an output",
        (PARAMETERS, "${EXISTING_KUSTO_URI=}", "${KUSTO_CLUSTER_URI=}"),
        ("test_no_input_is_an_output", loop_back_problems, "KUSTO_CLUSTER_URI is an input and an output"),
    ),
    breakage(
        "a parameter is renamed in main.bicep only",
        (MAIN, "param alertEmail string", "param alertAddress string"),
        ("test_parameters_have_values", parameter_problems, "has no parameter alertEmail"),
    ),
    breakage(
        "an output that the hook reads is renamed",
        (MAIN, "output EVENT_GRID_TOPIC_NAME", "output TOPIC_NAME"),
        ("test_outputs_that_hooks_read_exist", hook_output_problems, "EVENT_GRID_TOPIC_NAME"),
    ),
    breakage(
        "the service of azd is renamed",
        ("azure.yaml", "\n  ingest:\n", "\n  api:\n"),
        ("test_the_site_is_tagged_for_the_service", service_problems, "azure.yaml has ['api']"),
    ),
)
