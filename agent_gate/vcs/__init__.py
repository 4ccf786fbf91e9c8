"""git: reading trees, making trees, and landing a commit."""
