"""Requests and answers in our own words, and the only place that renders either."""
