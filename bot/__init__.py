"""How it is said: understanding, the assistant, answers, channels, settings and the command line."""
