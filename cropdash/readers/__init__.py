"""Other people's data, read into a store: one module a layout."""
