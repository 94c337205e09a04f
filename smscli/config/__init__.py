"""Accounts and templates in a TOML file, and how secrets are kept."""
