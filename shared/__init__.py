"""The application behind `function_app.py`: files and events into Kusto, held or refused, never lost."""
