"""From a list and a text to sent batches: recipients, message, plan, preview, runner."""
