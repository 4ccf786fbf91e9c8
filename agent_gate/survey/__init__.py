"""What a repository says about itself: read from its files, without a model, without git, without running it."""
