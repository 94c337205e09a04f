"""The gateway's protocol, in one place for both directions: forms, answers, pushes, codes, numbers; no I/O."""
