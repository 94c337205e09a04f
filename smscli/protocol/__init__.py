"""The gateway's protocol, once, in both directions: forms, answers, pushes, codes, numbers; pure, no I/O."""
