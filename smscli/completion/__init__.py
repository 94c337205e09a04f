"""Completion scripts for four shells, made from the command tree."""
