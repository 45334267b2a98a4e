"""Launch: train a new run."""
