"""The area estimate: the published example, exact cases, coverage, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash.analysis.area_estimation import area_estimate, difference_in_words, mapped_areas

#: Olofsson et al. (2014), Remote Sensing of Environment 148, 42-57, Table 8: sample units of the map
#: classes (rows) by reference class, and the mapped areas in pixels of 30 m, of 0.09 ha.
NAMES = ("deforestation", "forest gain", "stable forest", "stable non-forest")
COUNTS = [[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]]
MAPPED = [200_000, 150_000, 3_200_000, 6_450_000]


def test_the_worked_example_of_olofsson_is_met() -> None:
    """Section 5.2: accuracies, and the area of deforestation of 235,086 ± 68,418 pixels, 21,158 ± 6158 ha."""
    found = area_estimate(COUNTS, MAPPED, NAMES)
    table = found.table.set_index("class")
    assert found.accuracy == pytest.approx(0.95, abs=5e-3)
    assert table["users_accuracy"].round(2).tolist() == [0.88, 0.73, 0.93, 0.96]
    assert table["producers_accuracy"].round(2).tolist() == [0.75, 0.85, 0.93, 0.96]
    deforestation = table.loc["deforestation"]
    assert round(deforestation["area"]) == 235_086
    assert round(1.96 * deforestation["standard_error"]) == 68_418
    assert deforestation["standard_error"] / found.total == pytest.approx(0.0035, abs=5e-5)
    hectares = area_estimate(COUNTS, np.array(MAPPED) * 0.09, NAMES).table
    assert hectares["area"].round().tolist() == [21_158, 11_686, 285_770, 581_386]
    assert (1.96 * hectares["standard_error"]).round().tolist() == [6158, 3756, 15_510, 16_282]
    assert (hectares.loc[0, "low"], hectares.loc[0, "high"]) == pytest.approx(
        (21_158 - 6158, 21_158 + 6158), abs=1
    )


def test_what_the_estimates_add_up_to_is_the_mapped_area() -> None:
    rng = np.random.default_rng(0)
    for k in range(1, 13):
        counts, mapped = rng.integers(2, 90, (k, k)), rng.random(k) * 1000
        table = area_estimate(counts, mapped).table
        assert table["area"].sum() == pytest.approx(mapped.sum())
        assert (table["low"] <= table["area"]).all()
        assert (table["area"] <= table["high"]).all()
        assert ((table["low"] >= 0) & (table["high"] <= mapped.sum() * (1 + 1e-12))).all()


def test_a_map_without_error_is_left_as_it_is() -> None:
    table = area_estimate(np.diag([20, 30, 10]), [5.0, 7.0, 1.0]).table
    assert table["area"].tolist() == pytest.approx([5, 7, 1])
    assert (table["standard_error"] < 1e-12).all()


def test_areas_scale_with_their_unit_and_classes_may_change_places() -> None:
    once, ten = area_estimate(COUNTS, MAPPED).table, area_estimate(COUNTS, 10 * np.array(MAPPED)).table
    for column in ("mapped", "area", "standard_error", "low", "high"):
        np.testing.assert_allclose(ten[column], 10 * once[column])
    order = [2, 0, 3, 1]
    turned = area_estimate(np.array(COUNTS)[np.ix_(order, order)], np.array(MAPPED)[order]).table
    np.testing.assert_allclose(turned["standard_error"], once["standard_error"][order])


def test_with_two_classes_it_is_the_stratified_proportion_of_cochran() -> None:
    """Cochran (1977), Sampling Techniques, equation 5.53 without the finite population correction."""
    n, wrong = np.array([100, 50]), np.array([10, 5])
    counts = [[90, 10], [5, 45]]
    weight = np.array([0.3, 0.7])
    share = wrong / n
    share[0] = 1 - share[0]
    variance = (weight**2 * share * (1 - share) / (n - 1)).sum()
    table = area_estimate(counts, weight * 1000).table
    assert table.loc[0, "area"] == pytest.approx(1000 * (weight * share).sum())
    assert table.loc[0, "standard_error"] == pytest.approx(1000 * np.sqrt(variance))
    assert table.loc[1, "standard_error"] == pytest.approx(table.loc[0, "standard_error"])


def test_intervals_cover_the_true_area_in_stratified_samples() -> None:
    """Nominally 95 %; 2,000 samples know the coverage to within a point."""
    rng = np.random.default_rng(1)
    mapped = np.array([100.0, 300.0, 600.0])
    within = np.array([[0.85, 0.10, 0.05], [0.10, 0.80, 0.10], [0.02, 0.08, 0.90]])
    true = mapped @ within
    covered = []
    for _ in range(2000):
        counts = np.stack([rng.multinomial(120, row) for row in within])
        table = area_estimate(counts, mapped).table
        covered.append((table["low"] <= true) & (true <= table["high"]))
    coverage = np.mean(covered, axis=0)
    assert ((coverage > 0.93) & (coverage < 0.97)).all(), coverage


def test_a_class_that_is_not_mapped_can_still_have_land() -> None:
    found = area_estimate([[40, 10], [0, 0]], [100.0, 0.0], ("wheat", "gel")).table
    assert found["area"].tolist() == pytest.approx([80, 20])
    assert np.isnan(found.loc[1, "users_accuracy"])
    assert found.loc[1, "producers_accuracy"] == 0


@pytest.mark.parametrize(
    ("counts", "mapped", "message"),
    [
        ([[5, 1], [0, 1]], [3.0, 2.0], "fewer than two test parcels are mapped as gel"),
        ([[5, 1], [0, 9]], [3.0, -2.0], "cannot be negative"),
        ([[5, -1], [0, 9]], [3.0, 2.0], "cannot be negative"),
        ([[5, 1], [0, 9]], [0.0, 0.0], "some mapped area"),
        ([[5, 1], [0, 9]], [float("nan"), 1.0], "cannot be negative"),
        ([[5, 1, 1], [0, 9, 1]], [3.0, 2.0], r"need counts of \(2, 2\)"),
    ],
)
def test_what_cannot_be_estimated_is_refused(counts: object, mapped: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        area_estimate(counts, mapped, ("wheat", "gel"))  # type: ignore[arg-type]


def test_the_raw_sum_leaves_out_parcels_without_a_prediction() -> None:
    assert mapped_areas([0, 2, -1, 2], [1.0, 2.0, 4.0, 8.0], 4).tolist() == [1, 0, 10, 0]


def test_the_difference_is_told_in_a_sentence() -> None:
    found = area_estimate(COUNTS, np.array(MAPPED) * 0.09, NAMES)
    assert difference_in_words(found, 0) == (
        "The map shows 18,000 ha of deforestation; 21,158 ha are estimated (95 % interval 15,000 to 27,315), "
        "because of the test parcels mapped as deforestation 12 % are something else and an estimated 25 % of "
        "deforestation are mapped as something else."
    )
