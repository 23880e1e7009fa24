"""Template, code, azd files, hooks and workflows name the same things: a rename on one side only is caught here."""

from local.paths import ROOT
from tests.infra.checks.site import runtime_problems
from tests.infra.checks.storage import container_problems, ledger_problems, queue_problems
from tests.infra.checks.wiring import (
    endpoint_problems,
    filter_container_problems,
    hook_function_problems,
    hook_output_problems,
    loop_back_problems,
    order_problems,
    output_name_problems,
    parameter_default_problems,
    parameter_problems,
    service_problems,
    vault_secret_problems,
)


def test_event_grid_calls_the_blob_trigger() -> None:
    assert endpoint_problems(ROOT) == []


def test_the_hook_waits_for_the_blob_trigger() -> None:
    assert hook_function_problems(ROOT) == []


def test_the_filter_is_for_the_triggers_container() -> None:
    assert filter_container_problems(ROOT) == []


def test_containers_are_those_of_the_code() -> None:
    assert container_problems(ROOT) == []


def test_queues_are_those_of_the_code() -> None:
    assert queue_problems(ROOT) == []


def test_receipts_outlive_retries() -> None:
    assert ledger_problems(ROOT) == []


def test_one_python_everywhere() -> None:
    assert runtime_problems(ROOT) == []


def test_parameters_have_values() -> None:
    assert parameter_problems(ROOT) == []


def test_no_input_is_an_output() -> None:
    assert loop_back_problems(ROOT) == []


def test_outputs_that_hooks_read_exist() -> None:
    assert hook_output_problems(ROOT) == []


def test_outputs_are_named_like_variables() -> None:
    assert output_name_problems(ROOT) == []


def test_the_site_is_tagged_for_the_service() -> None:
    assert service_problems(ROOT) == []


def test_defaults_of_parameters_are_the_same_in_both_files() -> None:
    assert parameter_default_problems(ROOT) == []


def test_secrets_of_the_routes_are_in_the_vault() -> None:
    assert vault_secret_problems(ROOT) == []


def test_modules_wait_for_the_roles_that_they_need() -> None:
    assert order_problems(ROOT) == []
