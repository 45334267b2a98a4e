"""Days of the season: one calendar for parcels, sensors and years."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash.datasets.calendar import days_of_season, parse_origin, season_start


def days(dates: list[str], first: str, origin: str) -> list[float]:
    return days_of_season(np.array(dates, dtype="datetime64[D]"), np.datetime64(first), origin).tolist()


def test_season_starts_on_the_origin_day_itself():
    assert season_start(np.datetime64("2018-10-01"), "10-01") == np.datetime64("2018-10-01")


def test_season_starts_the_year_before_when_the_origin_is_still_to_come():
    assert season_start(np.datetime64("2018-09-30"), "10-01") == np.datetime64("2017-10-01")


def test_parcels_of_two_years_share_day_numbers():
    dates_2018, dates_2019 = ["2017-08-01", "2018-05-13"], ["2018-08-01", "2019-05-13"]
    assert days(dates_2018, "2017-08-01", "08-01") == days(dates_2019, "2018-08-01", "08-01") == [0, 285]


def test_days_elapse_through_a_leap_day():
    assert days(["2020-02-28", "2020-02-29", "2020-03-01"], "2019-10-05", "10-01") == [150, 151, 152]
    assert days(["2019-02-28", "2019-03-01"], "2018-10-05", "10-01") == [150, 151]


def test_a_sensor_that_starts_later_counts_from_the_other_ones_season():
    # S1 begins before the origin day, S2 after it: both belong to the season that S1 began.
    s1_first = "2018-09-20"
    assert days(["2018-09-20"], s1_first, "10-01") == [354]
    assert days(["2018-10-05"], s1_first, "10-01") == [369]


def test_many_parcels_at_once_and_one_without_dates():
    first = np.array(["2018-10-02", "NaT", "2018-01-01"], dtype="datetime64[D]")
    start = season_start(first, "10-01")
    assert start[0] == np.datetime64("2018-10-01")
    assert np.isnat(start[1])
    assert start[2] == np.datetime64("2017-10-01")


@pytest.mark.parametrize("origin", ["02-29", "13-01", "00-10", "04-31", "1-1", "10/01", ""])
def test_an_origin_that_is_no_day_of_every_year_is_refused(origin: str):
    with pytest.raises(ValueError, match="MM-DD"):
        parse_origin(origin)
