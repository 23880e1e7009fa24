"""Apache Arrow, which ships no type information: here, and nowhere else, it is untyped."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

pa: Final[Any] = import_module("pyarrow")
pc: Final[Any] = import_module("pyarrow.compute")
arrow_csv: Final[Any] = import_module("pyarrow.csv")
parquet: Final[Any] = import_module("pyarrow.parquet")
orc: Final[Any] = import_module("pyarrow.orc")

ArrowError: Final[type[Exception]] = pa.ArrowException
ArrowInvalid: Final[type[Exception]] = pa.ArrowInvalid

type Array = Any
"""``pyarrow.Array`` or ``pyarrow.ChunkedArray``."""
type ArrowTable = Any
"""``pyarrow.Table``."""
type ArrowType = Any
"""``pyarrow.DataType``."""
type ArrowSchema = Any
"""``pyarrow.Schema``."""
