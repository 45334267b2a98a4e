"""Class probabilities of very many parcels, partition by partition, to GeoParquet and GeoPackage."""
