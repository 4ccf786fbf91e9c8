"""The spec file: reading it, saying where it is wrong, and asking what it leaves open."""
