"""Choices, their places, and their way into an address and back."""

from __future__ import annotations

import pytest

from cropdash.dashboard.colours import place_style, readable_on, run_colour, run_style
from cropdash.dashboard.state import MAXIMUM_RUNS, Choices

PAGES = ("compare", "classes", "map")


def read(query: str) -> tuple[Choices, list[str]]:
    choices = Choices()
    return choices, choices.read_query(query, PAGES)


def test_every_choice_survives_the_address() -> None:
    choices = Choices(
        runs=["early-nn_seed1_0a", "series1/s1_42", "odd, name & more"],
        dataset="flanders",
        region="Châteaulin nord",
        crop=18,
        parcel="FR/29 7",
        date="2019-05-31",
        area=(-500.0, 6_800_000.0, 120_500.0, 6_800_300.0),
        page="map",
        part="fusion",
    )
    back, refused = read(choices.query())
    assert refused == []
    for name in Choices.ADDRESS:
        assert getattr(back, name) == getattr(choices, name), name
    assert back.query() == choices.query()


def test_choices_that_were_never_changed_are_in_the_address_too() -> None:
    assert "page=compare" in Choices().query()


def test_removing_a_run_recolours_no_other_even_after_a_reload() -> None:
    choices = Choices(runs=["a", "b", "c"])
    colour = run_colour(choices, "c")
    choices.remove_run("b")
    assert choices.runs == ["a", "c"]
    assert run_colour(choices, "c") == colour
    reloaded, _ = read(choices.query())
    assert reloaded.runs == ["a", "c"]
    assert run_colour(reloaded, "c") == colour


def test_a_new_run_takes_the_free_place() -> None:
    choices = Choices(runs=["a", "b", "c"])
    choices.remove_run("b")
    choices.add_run("d")
    assert [choices.place_of(run) for run in ("a", "d", "c")] == [0, 1, 2]


def test_a_whole_new_choice_of_runs_keeps_the_places_of_those_that_stay() -> None:
    choices = Choices(runs=["a", "b", "c"])
    choices.runs = ["x", "c", "y"]
    assert choices.place_of("c") == 2
    assert {choices.place_of("x"), choices.place_of("y")} == {0, 1}
    with pytest.raises(KeyError, match="not chosen"):
        choices.place_of("a")


def test_watchers_of_runs_see_settled_places() -> None:
    choices = Choices(runs=["a"])
    seen: list[int] = []
    choices.param.watch(lambda _: seen.append(choices.place_of("b")), "runs")
    choices.add_run("b")
    assert seen == [1]


def test_runs_have_a_limit() -> None:
    choices = Choices()
    for number in range(MAXIMUM_RUNS + 3):
        choices.add_run(f"run{number}")
    assert len(choices.runs) == MAXIMUM_RUNS
    _, refused = read("?runs=" + ",".join(f"r{number}" for number in range(40)))
    assert refused == [
        f"The address names more than {MAXIMUM_RUNS} runs; the first {MAXIMUM_RUNS} are shown."
    ]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("?class=wheat", "class"),
        ("?class=-1", "class"),
        ("?class=99999999999", "class"),
        ("?date=31.5.2019", "date"),
        ("?date=2019-02-30", "date"),
        ("?page=../etc/passwd", "page"),
        ("?part=nowhere", "part"),
    ],
)
def test_what_cannot_be_is_left_out_with_a_sentence(query: str, word: str) -> None:
    choices, refused = read(query)
    assert len(refused) == 1
    assert refused[0].startswith(f"The address names the {word} ")
    assert choices.query() == Choices().query()


def test_a_run_named_twice_is_chosen_once() -> None:
    choices, _ = read("?runs=a,b,a")
    assert choices.runs == ["a", "b"]


def test_clearing_takes_back_single_choices() -> None:
    choices = Choices(crop=1, parcel="p", date="2019-01-01")
    choices.clear("crop", "date")
    assert (choices.crop, choices.parcel, choices.date) == (None, "p", None)


def test_two_sessions_share_nothing() -> None:
    one, other = Choices(), Choices()
    one.add_run("a")
    one.crop = 3
    assert other.runs == []
    assert other.crop is None


def test_places_within_the_limit_are_drawn_differently() -> None:
    styles = [place_style(place) for place in range(MAXIMUM_RUNS)]
    assert len(set(styles)) == MAXIMUM_RUNS
    assert run_style(Choices(runs=["a"]), "a") == styles[0]


def test_text_is_readable_on_light_and_dark() -> None:
    assert readable_on("#FFFFFF") == "#000000"
    assert readable_on("#12324A") == "#FFFFFF"


@pytest.mark.parametrize("area", ["1_2_3", "1_2_3_x", "5_0_1_9", "0_9_5_1", "nan_0_1_1", "0_0_1e3_1"])
def test_an_area_that_is_no_rectangle_is_refused(area: str) -> None:
    choices, refused = read(f"?page=map&area={area}")
    assert choices.area is None
    assert refused and "which is no rectangle" in refused[0]
