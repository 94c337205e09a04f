"""Man pages, made from the command tree and the topics of the help."""
