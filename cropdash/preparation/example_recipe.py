"""The recipe that ``cropdash prepare --example`` prints: the usual options, with comments."""

EXAMPLE = """\
# A recipe for `cropdash prepare RECIPE OUT`. Paths start from this file's folder.
parcels:
  file: parcels.gpkg            # any vector file, any coordinate reference system
  id_field: ID_PARCEL
  crop_field: CODE_GROUP        # a code, or a name of the nomenclature; null for parcels to be predicted
  region_field: region          # without it: one region, named by `region`
  # nomenclature: crops.json    # the French register's crop groups if unset
start: 2022-10-01
end: 2023-09-30
season_origin: 10-01            # month and day that days count from

S2:
  source:
    kind: stac                  # Earth Search; the Planetary Computer and Copernicus are known as well
    url: https://earth-search.aws.element84.com/v1
    collection: sentinel-2-l2a
  max_cloud: 80                 # scenes with more are not read, percent
  keep_classes: [4, 5, 6, 7]    # of the scene classification: vegetation, bare soil, water, unclassified
  min_clear: 0.8                # least share of a parcel's pixels that is clear on a date
  # tiles: [30UUU]
  # per_month: 3
  # ndvi: true

S1:
  source:
    kind: stac
    url: https://planetarycomputer.microsoft.com/api/stac/v1    # pip install planetary-computer
    collection: sentinel-1-rtc  # terrain-corrected; GRD lies in radar geometry
  direction: descending
  # orbits: [154]
  speckle: multitemporal        # or mean, median; leave it out for none
  speckle_window: 7

# S2 from files of your own instead:
#   source:
#     kind: rasters
#     scale: 0.0001             # integers are reflectance x 10000
#     nodata: 0
#     files:
#       - pattern: images/S2_{tile}_{date}_{band}.tif
#         bands: {B2: B02, B3: B03, B4: B04, B5: B05, B6: B06, B7: B07, B8: B08, B8A: B8A, B11: B11, B12: B12, SCL: SCL}

pixels:
  choose: centre                # or cover: pixels with at least `min_share` of their area inside
  inner_buffer: 0               # metres off the outline against mixed edge pixels
  min_pixels: 4
"""
