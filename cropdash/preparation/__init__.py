"""From satellite images and parcel outlines to a store."""
