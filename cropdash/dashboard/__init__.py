"""The dashboard: frame, pages and what they draw; the only floor that knows panel, holoviews and bokeh."""
