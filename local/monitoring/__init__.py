"""The Workbook and the dashboard, written from one description and the query files of infra/monitoring."""
