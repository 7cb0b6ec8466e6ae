"""A language model that may say only what was found. Nothing here is imported unless GREENASK_MODEL is set."""
