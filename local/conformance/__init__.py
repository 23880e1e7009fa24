"""The conformance suite: what a Kusto cluster answers, as a table that can be run against any cluster."""
