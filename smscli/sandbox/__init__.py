"""A gateway on this machine that sends nothing."""
