"""A small HTTP server on a socket; the listener and the sandbox use it."""
