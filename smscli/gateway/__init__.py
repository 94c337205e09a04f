"""The HTTP client of the gateway; only this package uses requests."""
