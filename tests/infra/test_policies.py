"""What the template must say, resource by resource: no keys, nothing public, nothing wide, nothing lost."""

import pytest

from local.paths import ROOT
from tests.infra.checks.events import api_problems, dead_letter_problems, event_type_problems, subject_problems
from tests.infra.checks.monitored import diagnostic_problems, stopped_cluster_problems
from tests.infra.checks.pins import environment_tag_problems, idle_pin_problems, pin_problems, tag_problems
from tests.infra.checks.policies import RULES, Rule, rule_problems
from tests.infra.checks.roles import (
    assignment_name_problems,
    database_principal_problems,
    granted_problems,
    principal_type_problems,
    role_problems,
)
from tests.infra.checks.scripts import loaded_problems, order_problems, update_tag_problems
from tests.infra.checks.secrets import (
    host_problems,
    key_reading_problems,
    output_secret_problems,
    secure_param_problems,
    vault_problems,
)
from tests.infra.checks.site import (
    always_ready_problems,
    caller_problems,
    deployment_container_problems,
    network_problems,
    scale_problems,
)
from tests.infra.checks.storage import landing_problems, lifecycle_problems, spool_problems


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_resources_keep_the_rule(rule: Rule) -> None:
    assert rule_problems(ROOT, rule) == []


def test_rules_have_names_of_their_own() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_role_assignments_are_named_by_guid() -> None:
    assert assignment_name_problems(ROOT) == []


def test_role_assignments_say_what_kind_of_principal() -> None:
    assert principal_type_problems(ROOT) == []


def test_roles_are_known() -> None:
    assert role_problems(ROOT) == []


def test_roles_are_given_as_the_table_says() -> None:
    assert granted_problems(ROOT) == []


def test_roles_in_the_database_are_given_as_the_table_says() -> None:
    assert database_principal_problems(ROOT) == []


def test_outputs_hold_no_secret() -> None:
    assert output_secret_problems(ROOT) == []


def test_keys_are_read_for_the_event_subscription_only() -> None:
    assert key_reading_problems(ROOT) == []


def test_secret_parameters_are_secure() -> None:
    assert secure_param_problems(ROOT) == []


def test_the_site_reads_the_vault_by_the_apps_identity() -> None:
    assert vault_problems(ROOT) == []


def test_no_host_name_of_one_cloud() -> None:
    assert host_problems(ROOT) == []


def test_the_subject_filter_ends_with_a_slash() -> None:
    assert subject_problems(ROOT) == []


def test_only_new_blobs_are_told() -> None:
    assert event_type_problems(ROOT) == []


def test_early_events_are_left_out_and_unknown_ones_are_not() -> None:
    assert api_problems(ROOT) == []


def test_undelivered_events_have_a_container() -> None:
    assert dead_letter_problems(ROOT) == []


def test_no_rule_deletes_the_spool() -> None:
    assert spool_problems(ROOT) == []


def test_no_rule_deletes_landed_blobs() -> None:
    assert landing_problems(ROOT) == []


def test_receipts_and_dead_letters_go_in_the_end() -> None:
    assert lifecycle_problems(ROOT) == []


def test_api_versions_are_those_of_the_table() -> None:
    assert pin_problems(ROOT) == []


def test_the_table_of_api_versions_holds_nothing_else() -> None:
    assert idle_pin_problems(ROOT) == []


def test_everything_is_tagged() -> None:
    assert tag_problems(ROOT) == []


def test_tags_name_the_environment() -> None:
    assert environment_tag_problems(ROOT) == []


def test_every_kql_file_is_loaded_once() -> None:
    assert loaded_problems(ROOT) == []


def test_scripts_run_again_when_their_text_changes() -> None:
    assert update_tag_problems(ROOT) == []


def test_scripts_run_one_after_the_other() -> None:
    assert order_problems(ROOT) == []


def test_limits_of_scale_are_given() -> None:
    assert scale_problems(ROOT) == []


def test_an_instance_for_blob_events_is_kept_ready() -> None:
    assert always_ready_problems(ROOT) == []


def test_the_container_of_the_package_is_made() -> None:
    assert deployment_container_problems(ROOT) == []


def test_event_grid_reaches_the_app() -> None:
    assert caller_problems(ROOT) == []


def test_subnets_are_what_the_plan_takes() -> None:
    assert network_problems(ROOT) == []


def test_everything_sends_its_logs() -> None:
    assert diagnostic_problems(ROOT) == []


def test_somebody_is_told_of_a_stopped_cluster() -> None:
    assert stopped_cluster_problems(ROOT) == []
