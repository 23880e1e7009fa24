"""The stand-in for the generated message classes, as the real worker reads it."""

import pytest
from azure_functions_runtime.bindings.datumdef import Datum

from local.functions import protos


@pytest.mark.parametrize(("field", "value"), [("string", "s"), ("bytes", b"b"), ("json", "{}")])
def test_the_worker_reads_typed_data(field: str, value: object) -> None:
    datum = Datum.from_typed_data(protos.TypedData(**{field: value}))

    assert (datum.type, datum.value) == (field, value)


def test_the_worker_reads_an_unset_value_as_nothing() -> None:
    assert Datum.from_typed_data(protos.TypedData()) is None


def test_unset_fields_are_none_and_class_like_names_do_not_exist() -> None:
    message = protos.RpcHttp(method="GET")

    assert message.url is None
    with pytest.raises(AttributeError):
        _ = message.TypedData
    with pytest.raises(AttributeError):
        _ = message.__wrapped__
