"""Accounts and templates in a TOML file, and the keeper of secrets."""
