"""Pages with charts that show what became of messages to people who do not use this program."""
