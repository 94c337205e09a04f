"""What the gateway pushes: the receiver behind the listener, and pushes found in files."""
