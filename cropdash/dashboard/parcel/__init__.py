"""One parcel: the drawer that opens on any page, and its series over time."""
