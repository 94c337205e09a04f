"""The gateway as a client sees it: the only door to requests."""
