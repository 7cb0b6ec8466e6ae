"""Composing: records in, blocks of an answer out, in the reader's language, each with its sources."""
