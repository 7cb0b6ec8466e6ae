"""Finding what an answer is made of: listed by facets, looked up by name, or searched for – in that order."""
