"""Deploys infra/eventsub.bicep, the subscription that calls the app, once the app can answer."""
