"""Everything that a run is, in one class: its fields, bounds, defaults and help texts.

The command line, the launch page, grids, run folders and notebooks all read them from here.
Nothing in this module trains, and importing it loads neither torch nor data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from cropdash.datasets.label_options import LabelOptions
from cropdash.models.sizes import ModelSizes
from cropdash.nomenclature import CLASSIFIERS, SENSORS, Fusion, experiment_name
from cropdash.training.baselines.options import BaselineOptions
from cropdash.training.fingerprint import NOT_DECISIVE, decisive_fields, fingerprint

RegionName = Annotated[str, StringConstraints(min_length=1)]
MonthDay = Annotated[str, StringConstraints(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]

#: Where to compute; ``auto`` is the best that a machine has.
Device = Literal["auto", "cpu", "cuda", "mps"]

_DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

#: Says to the checks that a specification is read from a run, which may be older than what is refused today.
_STORED = {"stored": True}

#: What a network can be trained with and a baseline cannot: asked for beside one, it is refused.
METHODS_OF_NETWORKS = {
    "sampling": ("date_dropout", "season_cut", "sensor_dropout", "balanced"),
    "model": ("temporal", "dropout", "attention_dropout"),
    "optimisation": ("logit_adjustment", "focal_gamma", "weight_decay", "schedule", "precision"),
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Regions(_Part):
    """The split: whole regions, never parcels of one region at random."""

    train: tuple[RegionName, ...] = Field(min_length=1, description="Regions to train on.")
    validation: tuple[RegionName, ...] = Field(
        min_length=1, description="Regions that choose the best epoch."
    )
    test: tuple[RegionName, ...] = Field(
        min_length=1, description="Regions that the results are reported on."
    )

    @model_validator(mode="after")
    def _disjoint(self) -> Self:
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        owner: dict[str, str] = {}
        for split, regions in splits.items():
            for region in regions:
                if region in owner:
                    raise ValueError(
                        f"region {region!r} is named in {owner[region]} and in {split}; a region belongs to one split, once"
                    )
                owner[region] = split
        return self


class Sampling(_Part):
    """What of each parcel's series the network sees."""

    pixels: int = Field(64, ge=2, description="Pixels drawn anew from each parcel in every training epoch.")
    eval_pixels: int = Field(
        64,
        ge=2,
        description="Pixels used in evaluation: this many at most, evenly spaced over the parcel, always the same.",
    )
    s1_dates: int | None = Field(
        None,
        ge=1,
        description="Sentinel-1 dates drawn per parcel in training (where fusion leaves S1 its own dates); all if unset.",
    )
    s2_dates: int | None = Field(
        27,
        ge=1,
        description="Sentinel-2 dates drawn per parcel in training; all if unset. Evaluation always uses all.",
    )
    days: int | None = Field(
        None,
        ge=1,
        description="Days of data: only acquisitions of the season's first days are used, everywhere; all if unset.",
    )
    s2_pool: int | None = Field(
        None,
        ge=1,
        description=(
            "Sentinel-2 dates that each parcel is left, everywhere, drawn by the seed, and of which s2_share is a share; "
            "all if unset. The study's sparse experiments have 27."
        ),
    )
    s2_share: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Share of each parcel's Sentinel-2 dates that is used, everywhere, drawn by the seed; all if unset.",
    )
    date_dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        description=(
            "Probability of each date to be dropped in a training step, one date of a sensor at least staying "
            "(dropout of whole acquisitions, after Srivastava et al. 2014)."
        ),
    )
    season_cut: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Probability that a parcel's season ends, in a training step, on a day drawn at random.",
    )
    sensor_dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        description=(
            "Probability that one of a parcel's two sensors is wholly dropped in a training step, never both; for "
            "fusion tsa, softmax_avg and softmax_norm (ModDrop, Neverova et al. 2015, arXiv 1501.00102)."
        ),
    )
    balanced: bool = Field(
        False,
        description=(
            "Draw the parcels of a training epoch with replacement, every class alike often; an epoch has as many draws "
            "as there are training parcels."
        ),
    )


class Optimisation(_Part):
    """How the weights are found."""

    epochs: int = Field(100, ge=1, description="Passes over the training regions.")
    batch_size: int = Field(128, ge=2, description="Parcels per step.")
    # Up to what Adam can hold in float32; what is far too high ends the run with a sentence.
    learning_rate: float = Field(1e-3, gt=0, le=1e30, description="Adam's learning rate.")
    weight_decay: float = Field(0.0, ge=0, le=1, description="Adam's L2 penalty.")
    schedule: Literal["constant", "cosine", "step"] = Field(
        "constant",
        description="Learning rate over the epochs: constant, cosine to zero, or a tenth after each third.",
    )
    focal_gamma: float = Field(1.0, ge=0, le=10, description="Gamma of the focal loss; 0 is cross-entropy.")
    class_weights: Literal["none", "inverse", "inverse_sqrt"] = Field(
        "none", description="Weight of each class in the loss, from its share of the training parcels."
    )
    logit_adjustment: float = Field(
        0.0,
        ge=0,
        le=10,
        description=(
            "Tau of the logit-adjusted loss, which adds tau times the logarithm of a class's share of the training "
            "parcels to its score; 0 is off. With focal_gamma 0, and with it alone, 1 aims at the mean recall (Menon et "
            "al. 2021, arXiv 2007.07314); a higher gamma favours rare classes beyond that."
        ),
    )
    early_stopping: int | None = Field(
        None,
        ge=1,
        description="Stop after so many epochs without a better validation mean IoU; never if unset.",
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="Arithmetic of the training step; bfloat16 is for GPUs, and gains nothing on CPUs.",
    )


class ExperimentSpec(_Part):
    """One run, wholly described.

    ``device`` and ``threads`` say where it runs and ``name`` what it is called; none of the three
    changes :attr:`fingerprint`.

    Raises:
        ValidationError: a value is out of bounds or two values contradict each other; the message
            says what is allowed.
    """

    data: str = Field(min_length=1, description="Folder of the data set's store.")
    regions: Regions
    sensors: tuple[Literal["S1", "S2"], ...] = Field(
        ("S1", "S2"), min_length=1, description="Sensors to use: S1 (radar), S2 (optical)."
    )
    fusion: Fusion = Field(Fusion.TSA, description="Where the sensors meet; none for one sensor alone.")
    classifier: Literal["network", "random_forest", "gradient_boosting"] = Field(
        "network",
        description=(
            "What learns the classes: the network, or a baseline on each band's mean and spread per date, which takes "
            "one sensor or both side by side (fusion early) and of the optimisation only class_weights and early_stopping."
        ),
    )
    interpolation: Literal["nn", "linear"] = Field(
        "nn", description="Sentinel-1 at Sentinel-2 dates, for early and pse fusion: nearest date or linear."
    )
    season_origin: MonthDay | None = Field(
        None, description="Month and day (MM-DD) that days count from; the data set's own if unset."
    )
    geometry_features: bool = Field(
        False, description="Join the parcels' geometry features to every pixel-set embedding."
    )
    normalisation: Literal["mean_std", "percentile"] = Field(
        "mean_std",
        description="Per channel, from the training regions: mean and standard deviation, or 2nd and 98th percentile.",
    )
    labels: LabelOptions = LabelOptions()
    sampling: Sampling = Sampling()
    model: ModelSizes = ModelSizes()
    optimisation: Optimisation = Optimisation()
    baseline: BaselineOptions = BaselineOptions()
    seed: int = Field(1, ge=0, lt=2**31, description="Seed of weights, sampling and order.")
    shuffle_labels: bool = Field(
        False,
        description="Control experiment: shuffle the training labels; a sound model then stays at chance in the test regions.",
    )
    name: str | None = Field(
        None, max_length=80, description="A name for the run; sensor, fusion and seed if unset."
    )
    device: Device = Field("auto", description="Where to compute.")
    threads: int | None = Field(None, ge=1, le=512, description="CPU threads; torch's own choice if unset.")

    @model_validator(mode="before")
    @classmethod
    def _one_sensor_means_no_fusion(cls, values: Any) -> Any:
        """``sensors: [S2]`` alone is enough: fusion none need not be said, nor a baseline's only one."""
        if isinstance(values, dict) and "fusion" not in values:
            sensors = values.get("sensors")
            if isinstance(sensors, list | tuple) and len(sensors) == 1:
                return {**values, "fusion": Fusion.NONE}
            if values.get("classifier", "network") != "network":
                return {**values, "fusion": Fusion.EARLY}
        return values

    @model_validator(mode="after")
    def _sensors_fit_fusion(self) -> Self:
        if len(set(self.sensors)) != len(self.sensors):
            raise ValueError(f"sensors names one sensor twice: {', '.join(self.sensors)}")
        if self.sensors != tuple(s for s in SENSORS if s in self.sensors):
            raise ValueError("sensors must name S1 before S2")
        if self.fusion is Fusion.NONE and len(self.sensors) != 1:
            raise ValueError("fusion none takes one sensor: S1 or S2")
        if self.fusion is not Fusion.NONE and len(self.sensors) != 2:
            raise ValueError(
                f"fusion {self.fusion} takes both sensors, S1 and S2; one sensor alone takes fusion none"
            )
        if self.sampling.sensor_dropout and (self.fusion is Fusion.NONE or self.fusion.needs_common_dates):
            raise ValueError(
                f"sampling.sensor_dropout needs a fusion that can answer for a parcel with one sensor (tsa, softmax_avg "
                f"or softmax_norm); fusion {self.fusion} cannot"
            )
        if self.season_origin is not None:
            month, day = (int(part) for part in self.season_origin.split("-"))
            if day > _DAYS_IN_MONTH[month - 1]:
                raise ValueError(f"season_origin {self.season_origin} is not a day of every year")
        return self

    @model_validator(mode="after")
    def _classes_are_balanced_once(self, info: ValidationInfo) -> Self:
        if info.context is _STORED:
            return self
        adjusted, weights = self.optimisation.logit_adjustment, self.optimisation.class_weights
        twice = (
            "exclude each other: where every class is drawn alike often, there are no shares to adjust for"
        )
        if self.sampling.balanced and adjusted:
            raise ValueError(f"sampling.balanced and optimisation.logit_adjustment {twice}")
        if self.sampling.balanced and weights != "none":
            raise ValueError(f"sampling.balanced and optimisation.class_weights {weights} {twice}")
        if adjusted and weights == "inverse":
            raise ValueError(
                "optimisation.logit_adjustment and optimisation.class_weights inverse exclude each other: each makes up "
                "for the classes' shares by itself, and both together favour the rarest"
            )
        return self

    @model_validator(mode="after")
    def _baselines_stack_features(self) -> Self:
        if self.classifier != "network" and self.fusion not in (Fusion.NONE, Fusion.EARLY):
            raise ValueError(
                f"a {CLASSIFIERS[self.classifier]} takes one sensor (fusion none) or the features of both side by side "
                f"(fusion early); fusion {self.fusion} is a way of joining networks"
            )
        return self

    @model_validator(mode="after")
    def _methods_of_networks(self) -> Self:
        """Sizes and rates of a network may stand in a grid's base; a method that is asked for must not be lost."""
        if self.classifier == "network":
            return self
        usual = {"sampling": Sampling(), "model": ModelSizes(), "optimisation": Optimisation()}
        for part, fields in METHODS_OF_NETWORKS.items():
            for name in fields:
                if getattr(getattr(self, part), name) != getattr(usual[part], name):
                    raise ValueError(
                        f"{part}.{name} is a way of training networks; a {CLASSIFIERS[self.classifier]} knows none of it, "
                        "so leave it unset"
                    )
        return self

    @property
    def serving(self) -> Fusion:
        """How batches hand out the sensors: to a baseline each on its own dates, which it brings together itself."""
        if self.classifier == "network" or self.fusion is Fusion.NONE:
            return self.fusion
        return Fusion.TSA

    @property
    def rounds(self) -> int:
        """Epochs of a network, trees of a baseline, at most."""
        return self.optimisation.epochs if self.classifier == "network" else self.baseline.trees

    @property
    def fingerprint(self) -> str:
        """16 hex digits over all that decides the result."""
        return fingerprint(self)

    @property
    def experiment(self) -> str:
        """Sensor or fusion in short: ``S1``, ``early (nn)``, ``tsa``."""
        return experiment_name(self.sensors, self.fusion, self.interpolation, self.classifier)

    @property
    def label(self) -> str:
        return self.name or f"{self.experiment}, seed {self.seed}"

    @property
    def run_id(self) -> str:
        """Folder name of the run: readable, and one per fingerprint."""
        slug = re.sub(r"[^a-z0-9]+", "-", (self.name or self.experiment).lower()).strip("-") or "run"
        return f"{slug}_seed{self.seed}_{self.fingerprint[:8]}"

    @classmethod
    def stored(cls, content: Mapping[str, Any]) -> ExperimentSpec:
        """The specification of a run that was made, whether or not today it might be asked for.

        Raises:
            ValidationError: the content describes no experiment.
        """
        return cls.model_validate(content, context=_STORED)

    @classmethod
    def read(cls, path: str | Path) -> ExperimentSpec:
        """Read a spec from a JSON or YAML file.

        Raises:
            ValueError: not a spec; the message names the file and every wrong field.
        """
        import yaml  # reads JSON as well

        path = Path(path)
        try:
            return cls.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except yaml.YAMLError as error:
            raise ValueError(f"{path}: neither YAML nor JSON ({error})") from None
        except ValidationError as error:
            raise ValueError(f"{path}: {explain(error)}") from None


def decisive_settings(content: Mapping[str, Any]) -> dict[str, Any]:
    """What of a stored specification decides the result, alike however old it is.

    Fields that came after it was stored count as their defaults. Content that is no specification, as that of a
    fused run, is taken as it stands.
    """
    try:
        return decisive_fields(ExperimentSpec.stored(content))
    except ValidationError:
        return {name: value for name, value in content.items() if name not in NOT_DECISIVE}


def explain(error: ValidationError) -> str:
    """A pydantic error as sentences for the person who wrote the values."""
    sentences = []
    for item in error.errors():
        field = ".".join(str(part) for part in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        sentences.append(f"{field}: {message}" if field else message)
    return "; ".join(sentences)
