"""The pages; the only floor that knows panel, holoviews and bokeh."""
