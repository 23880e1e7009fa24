"""What breaks a policy of the template."""

from functools import partial

from tests.infra.breakages.breakage import (
    ACCESS,
    EVENTS,
    KUSTO,
    MAIN,
    ROLES,
    SCHEMA,
    SETTINGS,
    SITE,
    STORAGE,
    Check,
    breakage,
)
from tests.infra.checks.events import api_problems, subject_problems
from tests.infra.checks.pins import pin_problems
from tests.infra.checks.policies import rule, rule_problems
from tests.infra.checks.roles import (
    assignment_name_problems,
    database_principal_problems,
    granted_problems,
    principal_type_problems,
    role_problems,
)
from tests.infra.checks.scripts import loaded_problems, order_problems, update_tag_problems
from tests.infra.checks.secrets import host_problems, key_reading_problems, output_secret_problems
from tests.infra.checks.site import caller_problems
from tests.infra.checks.storage import spool_problems
from tests.infra.checks.syntax import (
    conditional_output_problems,
    loose_type_problems,
    module_problems,
    parse_problems,
    unused_problems,
)

_RULES = "test_resources_keep_the_rule"


def _rule(name: str) -> Check:
    return partial(rule_problems, rule=rule(name))


BREAKAGES = (
    breakage(
        "the filter lost its slash",
        (EVENTS, "containers/${landingContainer}/'", "containers/${landingContainer}'"),
        ("test_the_subject_filter_ends_with_a_slash", subject_problems, "containers/landing'"),
    ),
    breakage(
        "events are taken by a list of what is known",
        (EVENTS, "'StringNotIn'", "'StringIn'"),
        ("test_early_events_are_left_out_and_unknown_ones_are_not", api_problems, "StringIn"),
    ),
    breakage(
        "Event Grid gives up early",
        (EVENTS, "maxDeliveryAttempts: 30", "maxDeliveryAttempts: 3"),
        (_RULES, _rule("systemTopics/eventSubscriptions:retryPolicy.maxDeliveryAttempts"), "is 3, not 30"),
    ),
    breakage(
        "shared keys are allowed in development",
        (STORAGE, "allowSharedKeyAccess: false", "allowSharedKeyAccess: zoneRedundant ? false : true"),
        (_RULES, _rule("storageAccounts:allowSharedKeyAccess"), "is True, not False"),
    ),
    breakage(
        "streaming is not enabled",
        (KUSTO, "    enableStreamingIngest: true\n", ""),
        (_RULES, _rule("clusters:enableStreamingIngest"), "is None, not True"),
    ),
    breakage(
        "the spool is deleted after a while",
        (STORAGE, "                tierToCool: {", "                delete: {"),
        ("test_no_rule_deletes_the_spool", spool_problems, "spool-cools deletes from spool"),
    ),
    breakage(
        "a role's GUID is mistyped",
        (ROLES, "974c5e8b-45b9", "974c5e8b-45b8"),
        ("test_roles_are_known", role_problems, "974c5e8b-45b8-4653-ba55-5f855dd0fb88 is no role"),
    ),
    breakage(
        "a role holds for the whole account",
        (ROLES, "scope: account::blobService::eventDeadLetters", "scope: account"),
        ("test_roles_are_given_as_the_table_says", granted_problems, "topic / Storage Blob Data Contributor / storage"),
    ),
    breakage(
        "an assignment lost its principal type",
        (ROLES, "      principalType: 'ServicePrincipal'\n", ""),
        ("test_role_assignments_say_what_kind_of_principal", principal_type_problems, "principalType is None"),
    ),
    breakage(
        "an assignment has a name of its own",
        (ROLES, "guid(component.id, appPrincipalId, roles.monitoringMetricsPublisher)", "'metrics-publisher'"),
        ("test_role_assignments_are_named_by_guid", assignment_name_problems, "metrics-publisher"),
    ),
    breakage(
        "the app becomes administrator of the database",
        (ACCESS, "  'Monitor'\n]", "  'Admin'\n]"),
        ("test_roles_in_the_database_are_given_as_the_table_says", database_principal_problems, "app / Admin is given"),
    ),
    breakage(
        "a parameter takes any object",
        (STORAGE, "param tags Tags", "param tags object"),
        ("test_types_say_what_is_in_them", loose_type_problems, "tags is of type object"),
    ),
    breakage(
        "the app is a user to Kusto",
        (ACCESS, "principalType: 'App'", "principalType: 'User'"),
        ("test_roles_in_the_database_are_given_as_the_table_says", database_principal_problems, "not User"),
    ),
    breakage(
        "an output holds a secret",
        (MAIN, "= monitoring.outputs.componentName", "= githubWebhookSecret"),
        ("test_outputs_hold_no_secret", output_secret_problems, "APPLICATIONINSIGHTS_NAME holds githubWebhookSecret"),
    ),
    breakage(
        "a key leaves a module",
        (STORAGE, "output name string = account.name", "output name string = account.listKeys().keys[0].value"),
        ("test_outputs_hold_no_secret", output_secret_problems, "AZURE_STORAGE_ACCOUNT_NAME holds account.listKeys()"),
    ),
    breakage(
        "a key is read",
        (
            SETTINGS,
            "LANDING__credential: 'managedidentity'",
            "LANDING: listKeys(storageAccountName, '2025-01-01').keys[0].value",
        ),
        ("test_keys_are_read_for_the_event_subscription_only", key_reading_problems, "settings.bicep: listKeys("),
    ),
    breakage(
        "a module gets a parameter that it does not have",
        (MAIN, "retentionDays: logRetentionDays\n", "retentionDays: logRetentionDays\n    dailyCap: 1\n"),
        ("test_modules_exist_and_get_exactly_their_parameters", module_problems, "has no parameter dailyCap"),
    ),
    breakage(
        "a module lacks a parameter",
        (MAIN, "    deadLetterDays: deadLetterDays\n", ""),
        ("test_modules_exist_and_get_exactly_their_parameters", module_problems, "deadLetterDays is required"),
    ),
    breakage(
        "a colon is missing",
        (SITE, "httpsOnly: true", "httpsOnly true"),
        ("test_every_file_parses", parse_problems, "function.bicep:"),
    ),
    breakage(
        "a parameter is left over",
        (SITE, "param planName string", "param planName string\n\n@description('x')\nparam left string = ''"),
        ("test_nothing_is_declared_in_vain", unused_problems, "left is not used"),
    ),
    breakage(
        "an output of a module that may not be there",
        (MAIN, "network!.outputs.id", "network.outputs.id"),
        ("test_outputs_of_conditional_modules_are_asked_for_with_care", conditional_output_problems, "network.outputs"),
    ),
    breakage(
        "an API version of its own",
        (EVENTS, "'Microsoft.Web/sites@2024-11-01'", "'Microsoft.Web/sites@2023-12-01'"),
        ("test_api_versions_are_those_of_the_table", pin_problems, "the table says 2024-11-01"),
    ),
    breakage(
        "a host name of the public cloud",
        (
            SETTINGS,
            "LANDING__blobServiceUri: blobEndpoint",
            "LANDING__blobServiceUri: 'https://${storageAccountName}.blob.core.windows.net'",
        ),
        ("test_no_host_name_of_one_cloud", host_problems, "core.windows.net"),
    ),
    breakage(
        "a script runs always",
        (SCHEMA, "uniqueString(script.content)", "uniqueString(script.name)"),
        ("test_scripts_run_again_when_their_text_changes", update_tag_problems, "forceUpdateTag"),
    ),
    breakage(
        "scripts run at once",
        (SCHEMA, "@batchSize(1)\n", ""),
        ("test_scripts_run_one_after_the_other", order_problems, "without @batchSize(1)"),
    ),
    breakage(
        "a script is forgotten",
        (SCHEMA, "'../kql/20-webhooks.kql'", "'../kql/10-storms.kql'"),
        ("test_every_kql_file_is_loaded_once", loaded_problems, "20-webhooks.kql is loaded 0 times"),
    ),
    breakage(
        "Event Grid is locked out",
        (SITE, "concat([eventGridRule], callerRules)", "callerRules"),
        ("test_event_grid_reaches_the_app", caller_problems, "Event Grid is not let in"),
    ),
)
