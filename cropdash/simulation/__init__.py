"""A simulated Finistère: parcels, weather, crops and what the satellites see of them."""
