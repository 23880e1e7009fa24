"""The Bicep files parse, fit together, and declare nothing in vain. The compiler says more: see test_compiler.py."""

from local.paths import ROOT
from tests.infra.checks.syntax import (
    conditional_output_problems,
    description_problems,
    idle_output_problems,
    import_problems,
    loose_type_problems,
    module_problems,
    output_problems,
    parse_problems,
    scope_problems,
    stray_problems,
    unused_problems,
)


def test_every_file_parses() -> None:
    assert parse_problems(ROOT) == []


def test_modules_exist_and_get_exactly_their_parameters() -> None:
    assert module_problems(ROOT) == []


def test_outputs_that_are_asked_for_exist() -> None:
    assert output_problems(ROOT) == []


def test_outputs_of_conditional_modules_are_asked_for_with_care() -> None:
    assert conditional_output_problems(ROOT) == []


def test_every_output_of_a_module_is_asked_for() -> None:
    assert idle_output_problems(ROOT) == []


def test_imports_exist_and_are_used() -> None:
    assert import_problems(ROOT) == []


def test_every_file_is_used() -> None:
    assert stray_problems(ROOT) == []


def test_nothing_is_declared_in_vain() -> None:
    assert unused_problems(ROOT) == []


def test_parameters_and_outputs_are_described() -> None:
    assert description_problems(ROOT) == []


def test_types_say_what_is_in_them() -> None:
    assert loose_type_problems(ROOT) == []


def test_only_the_main_file_works_on_the_subscription() -> None:
    assert scope_problems(ROOT) == []
