"""Benchmarks: GreenAsk measured, alone and beside what people would otherwise use. Not shipped, and not run by the tests."""
