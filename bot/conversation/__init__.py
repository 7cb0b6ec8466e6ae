"""Conversation: what was said before makes a follow-up a question that can stand alone."""
