"""The application behind `function_app.py`: files and events into Kusto, held or refused, never lost."""

#: The version that Kusto and traces are told.
__version__ = "0.1.0"
