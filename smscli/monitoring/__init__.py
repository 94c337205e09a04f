"""The forms in which monitoring systems read what they watch; no I/O."""
