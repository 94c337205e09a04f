"""Every send and what came back, in one file that survives a crash at any moment."""
