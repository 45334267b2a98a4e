"""The report: one self-contained HTML file from chosen runs, and the data behind it."""
