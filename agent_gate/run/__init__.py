"""A run: the events of its journal, the state they fold to, and the file they are kept in."""
