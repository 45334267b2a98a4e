"""Spectra computed with the Python package prosail 2.0.5 (GPL; not used here), retyped with their inputs.

PROSPECT-D with N 1.5, carotenoids = chlorophyll / 4.5, no anthocyanin, alpha 40; 4SAIL with an ellipsoidal
distribution of leaf angles in 18 classes, hot spot 0.1, view zenith 5, relative azimuth 90.
"""

import numpy as np

from cropdash.simulation.prosail import Canopy

#: Lai, chlorophyll, brown pigment, water, dry matter, leaf angle, sun zenith.
CANOPY_ROWS = np.array(
    [
        [3.0, 40.0, 0.0, 0.012, 0.006, 57.0, 30.0],
        [0.5, 50.0, 0.1, 0.015, 0.004, 45.0, 65.0],
        [5.0, 15.0, 0.8, 0.004, 0.008, 65.0, 45.0],
        [6.0, 60.0, 0.0, 0.020, 0.005, 35.0, 28.0],
    ]
)
CANOPIES = Canopy(*CANOPY_ROWS.T)

#: Over a soil of 0.2 at all wavelengths (nm), the first three canopies.
WAVELENGTHS = np.array([450, 550, 670, 720, 800, 1200, 1650, 2200])
SPECTRA = np.array(
    [
        [0.02303, 0.07487, 0.02142, 0.19268, 0.41082, 0.35335, 0.21881, 0.09227],
        [0.09373, 0.12350, 0.09265, 0.18946, 0.27194, 0.25799, 0.21030, 0.14790],
        [0.01445, 0.05260, 0.01934, 0.14783, 0.27172, 0.37843, 0.25270, 0.10892],
    ]
)

#: Over 0.6 of PROSAIL's dry soil and 0.4 of its wet one, averaged over the Sentinel-2 bands.
BANDS = np.array(
    [
        [0.03101, 0.06359, 0.02404, 0.09126, 0.33313, 0.42360, 0.42343, 0.43204, 0.22163, 0.08920],
        [0.07772, 0.10375, 0.09650, 0.14396, 0.26629, 0.30668, 0.31904, 0.32985, 0.30616, 0.21195],
        [0.02551, 0.05006, 0.02540, 0.09403, 0.19619, 0.25521, 0.30143, 0.33393, 0.24377, 0.09767],
        [0.03046, 0.05703, 0.02103, 0.08446, 0.42518, 0.62938, 0.61915, 0.63156, 0.21535, 0.07017],
    ]
)
