import numpy as np

from cropdash.simulation.optical_scene import OpticalScenes, stored_reflectance

FIELD = np.array([0.03, 0.06, 0.05, 0.1, 0.25, 0.32, 0.35, 0.36, 0.2, 0.11])
HEDGE = np.array([0.02, 0.04, 0.03, 0.07, 0.2, 0.26, 0.28, 0.3, 0.15, 0.08])


def components(dates: int, change: float = 0.0) -> np.ndarray:
    return np.broadcast_to(np.stack([FIELD, np.full(10, change), HEDGE, HEDGE]), (dates, 4, 10)).copy()


def weights(pixels: int, own: float = 1.0, vigour: float = 0.0) -> np.ndarray:
    return np.tile(np.array([own, vigour, 1 - own, 0.0], dtype=np.float32), (pixels, 1))


def stored(components: np.ndarray, weights: np.ndarray, seed: int = 1, factor: float = 1.0) -> np.ndarray:
    dates = len(components)
    return stored_reflectance(
        components, weights, np.full((dates, 10), factor), np.zeros((dates, 10)), np.random.default_rng(seed)
    )


def test_pixels_are_reflectance_times_ten_thousand() -> None:
    values = stored(components(60), weights(500))
    assert values.dtype == np.uint16 and values.shape == (60, 500, 10)
    # The median over the dates does not see those with missed cloud.
    np.testing.assert_allclose(np.median(values.mean(axis=1), axis=0) / 10_000, FIELD, rtol=0.01)


def test_edges_mix_linearly_and_vigour_adds_its_change() -> None:
    mixed = np.median(stored(components(60), weights(500, own=0.6)).mean(axis=1), axis=0) / 10_000
    np.testing.assert_allclose(mixed, 0.6 * FIELD + 0.4 * HEDGE, rtol=0.01)
    vigorous = np.median(stored(components(60, 0.1), weights(500, vigour=0.2)).mean(axis=1), axis=0) / 10_000
    np.testing.assert_allclose(vigorous, FIELD + 0.02, rtol=0.01)


def test_scenes_differ_by_a_factor_and_an_offset_within_the_specified_uncertainty() -> None:
    scenes = OpticalScenes.draw(4_000, np.random.default_rng(2))
    error = FIELD * (scenes.factor - 1) + scenes.offset
    specified = 0.05 * FIELD + 0.005
    within = (np.abs(error) < specified).mean()
    assert 0.85 < within < 0.999
    assert scenes.offset[:, 0].std() > 2 * scenes.offset[:, -1].std()
    np.testing.assert_allclose(
        np.median(stored(components(60), weights(300), factor=1.1).mean(axis=1), axis=0) / 10_000,
        1.1 * FIELD,
        rtol=0.01,
    )


def test_a_scene_s_offset_moves_vigorous_and_poor_pixels_alike() -> None:
    offset = np.full((60, 10), 0.05)
    for vigour in (-0.3, 0.3):
        values = stored_reflectance(
            components(60, 0.1),
            weights(300, vigour=vigour),
            np.ones((60, 10)),
            offset,
            np.random.default_rng(6),
        )
        seen = np.median(values.mean(axis=1), axis=0) / 10_000
        np.testing.assert_allclose(seen, FIELD + 0.05 + 0.1 * vigour, rtol=0.01)


def test_missed_cloud_and_shadow_come_now_and_then_and_cover_the_whole_parcel() -> None:
    values = stored(components(6_000), weights(20), seed=3).mean(axis=1) / 10_000
    # Scattering shows in the blue: nothing else here moves it so far.
    hazy = values[:, 0] > FIELD[0] + 0.01
    dark = values[:, 7] < FIELD[7] * 0.92
    assert abs(hazy.mean() - 0.03) < 0.01
    assert abs(dark.mean() - 0.02) < 0.01
    assert not (hazy & dark).any()


def test_values_stay_within_the_data_type() -> None:
    bright = components(5) * 30
    assert stored(bright, weights(9)).max() <= 20_000
    assert stored(components(5) * 0, weights(9)).min() >= 1
