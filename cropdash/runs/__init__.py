"""A run on disk: writing, loading and listing it, its metrics, and results made elsewhere."""
