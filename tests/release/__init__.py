"""What people install: built twice with the same bytes, then tried where they would install it (`make dist`)."""
