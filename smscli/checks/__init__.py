"""What `doctor` looks at, a module for each part of the surroundings; no check sends a message."""
