"""The configuration as frozen, strict models: each key with its type, range, default and meaning.

Descriptions and messages are shown to users: `nntrain.config.error_messages` adds the location and
the offending value.
"""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidationInfo,
    WrapValidator,
    field_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from nntrain.config.notation import is_null_word, is_percentage

Activation = Literal["identity", "sigmoid", "tanh", "scaled_tanh", "relu", "leaky_relu", "softmax"]
Loss = Literal["squared_error", "cross_entropy", "binary_cross_entropy"]
InitializerName = Literal[
    "xavier_uniform",
    "xavier_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "zeros",
    "glorot_uniform",  # what Keras calls xavier_uniform
    "glorot_normal",
]

INITIALIZER_FOR: dict[Activation, InitializerName] = {
    "identity": "xavier_uniform",
    "sigmoid": "xavier_uniform",
    "tanh": "xavier_uniform",
    "softmax": "xavier_uniform",
    "scaled_tanh": "lecun_normal",
    "relu": "he_normal",
    "leaky_relu": "he_normal",
}

# Cross-entropies need probabilities: one distribution over the classes, or one per class.
OUTPUT_FOR: dict[Loss, Activation] = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}

LARGEST = 3.4e38  # about the maximum of float32
SMALLEST = 1e-300  # nearer to 0, numbers lose digits, and quotients overflow
Positive = Annotated[float, Field(gt=0, le=LARGEST)]
NotNegative = Annotated[float, Field(ge=0, le=LARGEST)]
# More would take weeks even with tiny data.
Epochs = Annotated[int, Field(ge=1, le=1_000_000)]

MOST_CLASSES = 1_000  # of nntrain.data.labels

Folds = Annotated[int, Field(ge=2, le=100)]

SEEDS = 2**63  # exclusive upper bound
Seed = Annotated[int, Field(ge=0, lt=SEEDS)]


def rule_error(
    message: str, *at: str | int, given: tuple[str | int, ...] = ()
) -> PydanticCustomError:
    """Error at key `at` below the validated field, in conflict with the value of key `given`."""
    context = {"message": message, "at": at, "given": given}
    return PydanticCustomError("broken_rule", "{message}", context)


def expect(what: str) -> WrapValidator:
    """Validator with one message for all errors of a union or tuple."""

    def check(value: object, validate: Callable[[object], object]) -> object:
        try:
            return validate(value)
        except ValidationError:
            raise PydanticCustomError("expected", "{what}", {"what": what}) from None

    return WrapValidator(check)


def increasing(bounds: tuple[float, float]) -> tuple[float, float]:
    """Require the first bound to be lower; for use within `expect`."""
    if bounds[0] >= bounds[1]:
        raise ValueError
    return bounds


def _apart(bounds: tuple[float, float]) -> tuple[float, float]:
    """Require bounds that float32 can tell apart."""
    if bounds[1] - bounds[0] < 1e-6:
        raise ValueError
    return bounds


def _named(value: object) -> object:
    """Read a bare name, `adam`, as `{name: adam}`."""
    return {"name": value} if isinstance(value, str) else value


def _by_digit(value: object) -> object:
    """Convert numeric text keys, as in JSON, to int."""
    if not isinstance(value, dict):
        return value
    return {
        int(key) if isinstance(key, str) and key.isdecimal() else key: item
        for key, item in value.items()
    }


class ConfigModel(BaseModel):
    """Base of all parts of the configuration."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        defer_build=True,  # only `Config` is validated: its parts need no validators of their own
    )

    @field_validator("*")
    @classmethod
    def _check_plausible(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, float) and 0 < value < SMALLEST:
            raise PydanticKnownError("greater_than_equal", {"ge": SMALLEST})
        if isinstance(value, str) and (is_null_word(value) or is_percentage(value)):
            kinds = _kinds_in(cls.model_fields[str(info.field_name)].annotation)
            if kinds > {str}:  # a number or null may be meant
                raise PydanticCustomError("mistaken_text", "is text")
        return value


def _kinds_in(annotation: Any) -> set[type]:
    """The types in the annotation of a field."""
    arguments = get_args(annotation)
    if isinstance(annotation, type) and not arguments:
        return {annotation}
    return {kind for argument in arguments for kind in _kinds_in(argument)}


Share = Annotated[float, Field(ge=0, lt=1)]
# Higher rates leave almost nothing to learn from.
Dropped = Annotated[float, Field(ge=0, le=0.99)]


class ElasticConfig(ConfigModel):
    """Elastic displacement: a random field, smoothed (Simard et al. 2003)."""

    strength: float = Field(
        gt=0, le=10_000, description="α, factor of the smoothed field, in pixels"
    )
    sigma: float = Field(ge=0.01, le=100, description="σ of the smoothing Gaussian, in pixels")


class DistortionConfig(ConfigModel):
    """Random distortion of each image in every epoch; amounts are uniform within these limits."""

    rotation: float = Field(default=0.0, ge=0, le=180, description="degrees, either way")
    scale: Share = Field(default=0.0, description="share by which each axis grows or shrinks")
    shear: float = Field(default=0.0, ge=0, le=1, description="sideways pixels per pixel down")
    shift: float = Field(
        default=0.0, ge=0, le=100, description="pixels along each axis, either way"
    )
    elastic: ElasticConfig | None = Field(
        default=None, description="elastic displacement; null for none"
    )
    limits: Annotated[
        dict[
            Annotated[int, Field(ge=0, lt=MOST_CLASSES)] | Annotated[str, Field(min_length=1)],
            Annotated[float, Field(ge=0, le=1)],
        ],
        BeforeValidator(_by_digit),
    ] = Field(
        default_factory=dict,
        description="factors of rotation and shear for single labels, such as {1: 0.5, 7: 0.5}",
    )


def _as_texts(value: object) -> object:
    """Convert a list of labels to text; a number stays a number."""
    return tuple(map(_as_text, value)) if isinstance(value, list | tuple) else value


def _as_text(label: object) -> object:
    return str(label) if isinstance(label, int | float) and not isinstance(label, bool) else label


def _distinct(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Require different labels; for use within `expect`."""
    if len(set(labels)) < len(labels):
        raise ValueError
    return labels


def _different(bounds: tuple[float, float] | None) -> tuple[float, float] | None:
    """Require a range that pixels can be scaled from; for use within `expect`."""
    if bounds is not None and abs(bounds[1] - bounds[0]) < 1e-6:
        raise ValueError
    return bounds


_ClassNames = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    Field(min_length=2, max_length=MOST_CLASSES),
    AfterValidator(_distinct),
]
_Side = Annotated[int, Field(ge=1, le=100_000)]
_Number = Annotated[float, Field(ge=-1e9, le=1e9)]
_Input = Annotated[float, Field(ge=-1_000, le=1_000)]


class FoldConfig(ConfigModel):
    """One of several equal, stratified parts of the rows."""

    fold: int = Field(ge=1, description="which fold, counted from 1")
    of: Folds = Field(description="number of folds")

    @field_validator("of")
    @classmethod
    def _check_it_exists(cls, of: int, info: ValidationInfo) -> int:
        if info.data.get("fold", 1) > of:
            raise ValueError
        return of


# Tags of the shapes of data.train, which are no keys.
ONE_FILE, SEVERAL_FILES = "[file]", "[files]"


def _one_or_more(files: tuple[str, ...]) -> str | tuple[str, ...]:
    """Check that the files are different ones; a list of one is that file."""
    repeated = next((file for at, file in enumerate(files) if file in files[:at]), None)
    if repeated is not None:
        raise rule_error(f"{repeated} stands twice in the list; name it once")
    return files[0] if len(files) == 1 else files


_File = Annotated[str, Field(min_length=1)]
_Files = Annotated[tuple[_File, ...], Field(min_length=1), AfterValidator(_one_or_more)]


class DataConfig(ConfigModel):
    """The CSVs and how they are read."""

    train: Annotated[
        Annotated[_File, Tag(ONE_FILE)] | Annotated[_Files, Tag(SEVERAL_FILES)],
        Discriminator(lambda value: SEVERAL_FILES if isinstance(value, tuple) else ONE_FILE),
    ] = Field(
        description="CSV to learn from, or a list of CSVs; rows are held out of the first one only"
    )
    validation: Annotated[
        Annotated[int, Field(ge=0)]
        | Annotated[float, Field(gt=0, lt=1)]
        | Annotated[str, Field(min_length=1)]
        | FoldConfig,
        expect(
            "a share below 1, a whole number of rows (0 for none), the path of a CSV or a fold, "
            "such as {fold: 1, of: 5}"
        ),
    ] = Field(
        default=0.1,
        description="share of the rows held out (stratified), number of last rows held out, "
        "a CSV of its own, or a fold, such as {fold: 1, of: 5}; 0 for none",
    )
    split_seed: Seed | None = Field(
        default=None,
        description="seed of the random held-out share or folds; null for the general seed",
    )
    classes: Annotated[
        Annotated[int, Field(ge=2, le=MOST_CLASSES)] | _ClassNames | None,
        BeforeValidator(_as_texts),
        expect(f"a number from 2 to {MOST_CLASSES}, a list of different labels, or null"),
    ] = Field(
        default=None,
        description="number of classes, or their labels, to be checked; null for those of the "
        "training rows",
    )
    label_column: Annotated[
        Annotated[str, Field(min_length=1)] | int | None, expect("a name, a position or null")
    ] = Field(
        default=None,
        description="name or position of the label column, if it is not a known name; positions "
        "count from 1, and -1 is the last",
    )
    pixel_range: Annotated[
        tuple[_Number, _Number] | None,
        AfterValidator(_different),
        expect("two different numbers, such as [0, 1], or null"),
    ] = Field(
        default=None,
        description="numbers in the CSV for black and white; null for whole numbers 0 to 255",
    )
    image: Annotated[
        tuple[_Side, _Side] | tuple[_Side, _Side, _Side] | None,
        expect("height and width, such as [28, 28], also with channels, or null"),
    ] = Field(
        default=None,
        description="height, width and channels of the pictures; null for square grey ones",
    )
    input_range: Annotated[
        tuple[_Input, _Input],
        AfterValidator(_apart),
        expect("two numbers from -1000 to 1000, the lower one first, such as [0.0, 1.0]"),
    ] = Field(default=(0.0, 1.0), description="network inputs for pixels 0 and 255")
    distortion: DistortionConfig | None = Field(
        default=None, description="random distortion of training images; null for none"
    )

    @property
    def training_files(self) -> tuple[str, ...]:
        """The CSVs to learn from."""
        return (self.train,) if isinstance(self.train, str) else self.train

    @property
    def training_source(self) -> str:
        """The CSVs to learn from, for messages."""
        return " and ".join(self.training_files)

    @property
    def files(self) -> tuple[str, ...]:
        """All CSVs."""
        validation = (self.validation,) if isinstance(self.validation, str) else ()
        return (*self.training_files, *validation)


# Larger ones overflow the first weighted sums.
_Scale = Annotated[float, Field(gt=0, le=1_000)]


class NormalConfig(ConfigModel):
    """Weights drawn from a normal distribution around 0."""

    normal: _Scale = Field(description="standard deviation")


class UniformConfig(ConfigModel):
    """Weights drawn evenly from -bound to bound."""

    uniform: _Scale = Field(description="bound")


def _kind_of_initializer(value: object) -> str | None:
    match value:
        case str():
            return "name"
        case {"normal": _} | NormalConfig():
            return "normal"
        case {"uniform": _} | UniformConfig():
            return "uniform"
    return None


Initializer = Annotated[
    Annotated[InitializerName, Tag("name")]
    | Annotated[NormalConfig, Tag("normal")]
    | Annotated[UniformConfig, Tag("uniform")],
    Discriminator(
        _kind_of_initializer,
        custom_error_type="expected",
        custom_error_message="a name, {normal: standard deviation} or {uniform: bound}",
    ),
]


class _NeuronsConfig(ConfigModel):
    activation: Activation = Field(description="activation function of the weighted sums")
    init: Initializer = Field(
        default=None,
        validate_default=True,
        description="initial weights; null for those that suit the activation",
    )
    dropout: Dropped = Field(
        default=0.0, description="share of the outputs that each training step leaves out"
    )

    @field_validator("init", mode="before", json_schema_input_type=Initializer | None)
    @classmethod
    def _default_to_the_activation(cls, init: object, info: ValidationInfo) -> object:
        activation = info.data.get("activation", "identity")  # absent if it is invalid
        return INITIALIZER_FOR[activation] if init is None else init


class _DenseSize(ConfigModel):
    dense: int = Field(ge=1, le=1_000_000_000, description="neurons")


class DenseConfig(_NeuronsConfig, _DenseSize):
    """One fully connected layer."""

    @property
    def neurons(self) -> int:
        """The number of neurons."""
        return self.dense


class _ConvSize(ConfigModel):
    conv: int = Field(ge=1, le=1_000_000_000, description="filters, the neurons of each window")
    kernel: int = Field(ge=1, le=1_000, description="height and width of a window")
    stride: int = Field(default=1, ge=1, le=1_000, description="pixels from a window to the next")
    padding: Literal["valid", "same"] = Field(
        default="valid",
        description="valid: windows within the picture; same: with zeros around it, so that "
        "each pixel is the centre of a window",
    )


class ConvConfig(_NeuronsConfig, _ConvSize):
    """One convolution: a dense layer for every window of a picture."""

    @property
    def neurons(self) -> int:
        """The number of neurons of a window."""
        return self.conv

    @property
    def border(self) -> int:
        """The zeros around the picture."""
        return self.kernel // 2 if self.padding == "same" else 0


class _PoolConfig(ConfigModel):
    stride: int | None = Field(
        default=None, ge=1, le=1_000, description="pixels from a window to the next; null: the size"
    )
    activation: ClassVar[Activation] = "identity"
    dropout: ClassVar[float] = 0.0
    neurons: ClassVar[int] = 0


class MaxPoolConfig(_PoolConfig):
    """The greatest value of each window."""

    max_pool: int = Field(ge=1, le=1_000, description="height and width of a window")


class MeanPoolConfig(_PoolConfig):
    """The mean of each window."""

    mean_pool: int = Field(ge=1, le=1_000, description="height and width of a window")


LAYERS: dict[str, type[ConfigModel]] = {
    "dense": DenseConfig,
    "conv": ConvConfig,
    "max_pool": MaxPoolConfig,
    "mean_pool": MeanPoolConfig,
}


def _kind_of_layer(value: object) -> str:
    """The kind of a layer by its own key; an unknown one is taken for a dense layer."""
    keys = value if isinstance(value, dict) else getattr(type(value), "model_fields", {})
    return next((kind for kind in reversed(LAYERS) if kind in keys), "dense")


LayerConfig = Annotated[
    Annotated[DenseConfig, Tag("dense")]
    | Annotated[ConvConfig, Tag("conv")]
    | Annotated[MaxPoolConfig, Tag("max_pool")]
    | Annotated[MeanPoolConfig, Tag("mean_pool")],
    Discriminator(_kind_of_layer),
]


class _OptimizerConfig(ConfigModel):
    name: str = Field(description="which optimizer")
    learning_rate: Positive = Field(description="learning rate, the lecture's α")
    weight_decay: NotNegative = Field(default=0.0, description="strength of weight decay")


class SgdConfig(_OptimizerConfig):
    """Plain stochastic gradient descent."""

    name: Literal["sgd"]


class MomentumConfig(_OptimizerConfig):
    """Gradient descent with momentum."""

    name: Literal["momentum"]
    momentum: float = Field(default=0.9, ge=0, lt=1, description="share of the last step kept")


class NesterovConfig(_OptimizerConfig):
    """Gradient descent with Nesterov's momentum."""

    name: Literal["nesterov"]
    momentum: float = Field(default=0.9, ge=0, lt=1, description="share of the last step kept")


class _AdaptiveMoments(_OptimizerConfig):
    learning_rate: Positive = Field(default=0.001, description="learning rate, the lecture's α")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="decay rate of the mean gradient")
    beta2: float = Field(
        default=0.999, ge=0, lt=1, description="decay rate of the mean squared gradient"
    )
    epsilon: float = Field(
        default=1e-8, ge=1e-30, le=1, description="added to the divisor, to avoid 0"
    )


class AdamConfig(_AdaptiveMoments):
    """Adam; weight decay is part of the gradient."""

    name: Literal["adam"]


class AdamWConfig(_AdaptiveMoments):
    """Adam with weight decay apart from the gradient."""

    name: Literal["adamw"]
    weight_decay: NotNegative = Field(default=0.01, description="strength of weight decay")


AnyOptimizer = SgdConfig | MomentumConfig | NesterovConfig | AdamConfig | AdamWConfig
_TaggedOptimizer = Annotated[AnyOptimizer, Field(discriminator="name")]
OptimizerConfig = Annotated[
    _TaggedOptimizer,
    BeforeValidator(_named, json_schema_input_type=_TaggedOptimizer | Literal["adam", "adamw"]),
]


class _ScheduleConfig(ConfigModel):
    name: str = Field(description="which schedule")
    warmup: NotNegative = Field(
        default=0.0, description="epochs in which the learning rate first rises from 0"
    )


class ConstantConfig(_ScheduleConfig):
    """The learning rate stays."""

    name: Literal["constant"]


class StepConfig(_ScheduleConfig):
    """The learning rate falls by a factor at regular intervals."""

    name: Literal["step"]
    every: Positive = Field(description="epochs between two drops")
    factor: float = Field(default=0.1, gt=0, le=1, description="factor of each drop")


class ExponentialConfig(_ScheduleConfig):
    """The learning rate falls by the same factor in each epoch."""

    name: Literal["exponential"]
    decay: float = Field(gt=0, le=1, description="factor for each epoch")


class CosineConfig(_ScheduleConfig):
    """The learning rate falls along half a cosine."""

    name: Literal["cosine"]
    final: float = Field(
        default=0.0, ge=0, le=1, description="share of the learning rate left at the end"
    )


class OneCycleConfig(_ScheduleConfig):
    """The learning rate rises to its peak, then falls to almost nothing."""

    name: Literal["one_cycle"]
    peak_at: float = Field(default=0.3, gt=0, lt=1, description="share of training before the peak")
    initial: float = Field(
        default=0.04, gt=0, le=1, description="share of the learning rate at the start"
    )
    final: float = Field(
        default=0.0001, ge=0, le=1, description="share of the learning rate left at the end"
    )


AnySchedule = ConstantConfig | StepConfig | ExponentialConfig | CosineConfig | OneCycleConfig
_TaggedSchedule = Annotated[AnySchedule, Field(discriminator="name")]
ScheduleConfig = Annotated[
    _TaggedSchedule,
    BeforeValidator(
        _named, json_schema_input_type=_TaggedSchedule | Literal["constant", "cosine", "one_cycle"]
    ),
]


class TeacherConfig(ConfigModel):
    """Finished runs whose probabilities are targets, for the distorted pictures, too."""

    runs: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)] = Field(
        description="folders of finished runs and committees; each network counts the same"
    )
    temperature: float = Field(
        default=4.0,
        ge=1,
        le=100,
        description="how soft the probabilities are made; 1 leaves them as they are",
    )
    weight: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.9, description="share of the teacher; the rest is that of the labels"
    )


class TrainingConfig(ConfigModel):
    """Training settings."""

    epochs: Epochs = Field(description="passes over the training rows")
    batch_size: int = Field(default=32, ge=1, le=1_000_000_000, description="rows for each step")
    optimizer: OptimizerConfig = Field(description="update rule and its learning rate")
    schedule: ScheduleConfig = Field(
        default=ConstantConfig(name="constant"), description="learning rate schedule"
    )
    input_dropout: Dropped = Field(
        default=0.0, description="share of the inputs that each training step leaves out"
    )
    label_smoothing: Share = Field(
        default=0.0, description="share of each target that is spread over all classes"
    )
    mixup: Annotated[float, Field(ge=0.01, le=100)] | None = Field(
        default=None,
        description="α of mixup: each picture and its target are mixed with another one of its "
        "batch, by shares from Beta(α, α); null for none",
    )
    teacher: TeacherConfig | None = Field(
        default=None, description="networks to learn from, besides the labels; null for none"
    )
    l1: NotNegative = Field(default=0.0, description="penalty on the absolute weights")
    max_norm: Positive | None = Field(
        default=None, description="maximum norm of the weights into one neuron; null for no limit"
    )
    clip_norm: Positive | None = Field(
        default=None, description="maximum norm of the gradient; null for no limit"
    )
    # Closer to 1, what a step adds in float32 would be rounded away.
    average: Annotated[float, Field(gt=0, le=0.9999)] | None = Field(
        default=None,
        description="decay per step of a moving average of the weights, used to validate and "
        "predict; null for the weights themselves",
    )
    patience: Epochs | None = Field(
        default=None,
        description="epochs without a better val_accuracy before training stops; null for never",
    )

    @field_validator("schedule")
    @classmethod
    def _check_warmup_within_training(
        cls, schedule: AnySchedule, info: ValidationInfo
    ) -> AnySchedule:
        epochs = info.data.get("epochs", schedule.warmup)
        if schedule.warmup > epochs:
            raise rule_error(
                f"must be at most training.epochs ({epochs}), not {schedule.warmup}",
                "warmup",
                given=("training", "epochs"),
            )
        return schedule


def _check_order(network: tuple[LayerConfig, ...]) -> None:
    """Check that layers of pictures come first, dense ones last, and softmax at the end."""
    for index, layer in enumerate(network):
        if isinstance(layer, ConvConfig) and layer.padding == "same" and layer.kernel % 2 == 0:
            raise rule_error(
                f"padding: same needs an odd kernel, not {layer.kernel}", index, "kernel"
            )
        follows_dense = index > 0 and isinstance(network[index - 1], DenseConfig)
        if follows_dense and not isinstance(layer, DenseConfig):
            raise rule_error("layers of pictures come before the first dense one", index)
        if index < len(network) - 1 and layer.activation == "softmax":
            raise rule_error(
                "softmax belongs in the last layer only; choose another", index, "activation"
            )
    if not isinstance(network[-1], DenseConfig):
        raise rule_error(
            "the last layer must be dense, with a neuron for each class; add one", len(network) - 1
        )


class Config(ConfigModel):
    """All that a training run depends on."""

    seed: Seed = Field(default=0, description="seed of all random numbers")
    members: int = Field(
        default=1,
        ge=1,
        le=100,
        description="networks to train, each from the next seed; they vote as a committee",
    )
    folds: Folds | None = Field(
        default=None,
        description="cross-validation: networks to train, each on all rows but its fold, which it "
        "is validated on; null for one network, validated as data.validation says",
    )
    dtype: Literal["float32", "float64"] = Field(
        default="float32", description="precision of the weights and of all arithmetic"
    )
    data: DataConfig = Field(description="the CSVs and how they are read")
    network: tuple[LayerConfig, ...] = Field(
        min_length=1, description="the layers, from input to output"
    )
    loss: Loss = Field(description="what training minimizes")
    training: TrainingConfig = Field(description="training settings")

    @field_validator("folds")
    @classmethod
    def _check_folds_are_of_single_networks(
        cls, folds: int | None, info: ValidationInfo
    ) -> int | None:
        if folds is not None and info.data.get("members", 1) > 1:
            raise rule_error(
                "trains one network for each fold, but members asks for a committee; leave one out",
                given=("members",),
            )
        return folds

    @field_validator("data")
    @classmethod
    def _check_folds_are_of_the_training_rows(
        cls, data: DataConfig, info: ValidationInfo
    ) -> DataConfig:
        if info.data.get("folds") and isinstance(data.validation, str | FoldConfig):
            raise rule_error(
                "folds holds out each fold of data.train in turn; leave this out",
                "validation",
                given=("folds",),
            )
        return data

    @field_validator("network")
    @classmethod
    def _check_last_layer_has_one_neuron_per_class(
        cls, network: tuple[LayerConfig, ...], info: ValidationInfo
    ) -> tuple[LayerConfig, ...]:
        _check_order(network)
        last = network[-1]
        if last.dropout:
            raise rule_error(
                "the last layer's outputs are the answer; drop out others",
                len(network) - 1,
                "dropout",
            )
        given = info.data["data"].classes if "data" in info.data else None
        classes = len(given) if isinstance(given, tuple) else given or last.neurons
        if last.neurons != classes:
            raise rule_error(
                f"the last layer must have one neuron for each of the {classes} classes, "
                f"not {last.neurons}",
                len(network) - 1,
                "dense",
                given=("data", "classes"),
            )
        return network

    @field_validator("loss")
    @classmethod
    def _check_loss_fits_last_layer(cls, loss: Loss, info: ValidationInfo) -> Loss:
        if "network" not in info.data:
            return loss
        last = len(info.data["network"]) - 1
        activation = info.data["network"][last].activation
        wanted = OUTPUT_FOR.get(loss, activation)
        if activation != wanted:
            suited = [name for name, output in OUTPUT_FOR.items() if output == activation]
            raise rule_error(
                f"{loss} needs {wanted} in the last layer, not {activation}; "
                f"write {wanted} there, or loss: {(*suited, 'squared_error')[0]}",
                given=("network", last, "activation"),
            )
        return loss

    @field_validator("training")
    @classmethod
    def _check_loss_can_be_taught(
        cls, training: TrainingConfig, info: ValidationInfo
    ) -> TrainingConfig:
        loss = info.data.get("loss", "cross_entropy")
        if training.teacher is not None and loss != "cross_entropy":
            raise rule_error(
                f"needs loss: cross_entropy, not {loss}; write that, or null here",
                "teacher",
                given=("loss",),
            )
        return training

    @field_validator("training")
    @classmethod
    def _check_patience_has_validation(
        cls, training: TrainingConfig, info: ValidationInfo
    ) -> TrainingConfig:
        if (
            training.patience is not None
            and "data" in info.data
            and not info.data["data"].validation
            and not info.data.get("folds")
        ):
            raise rule_error(
                "needs validation rows, but data.validation is 0; hold some out or write null",
                "patience",
                given=("data", "validation"),
            )
        return training

    @property
    def networks(self) -> int:
        """The number of networks: of the members of a committee, or of the folds."""
        return self.folds or self.members

    @property
    def part(self) -> Literal["member", "fold"]:
        """What each of several networks is called."""
        return "fold" if self.folds else "member"

    @property
    def class_names(self) -> tuple[str, ...]:
        """The label of each output; 0, 1 … if none are given."""
        if isinstance(self.data.classes, tuple):
            return self.data.classes
        return tuple(map(str, range(self.output_layer.dense)))

    @property
    def output_layer(self) -> DenseConfig:
        """The last layer."""
        last = self.network[-1]
        assert isinstance(last, DenseConfig)  # noqa: S101 (for the type checker)
        return last

    def with_classes_of(self, other: "Config") -> "Config":
        """The configuration with the classes of a run, unless it has other ones."""
        names = other.class_names
        return self.with_classes(names) if self.data.classes in (None, len(names)) else self

    def with_classes(self, names: tuple[str, ...]) -> "Config":
        """The configuration of a network with an output for each of these classes."""
        is_numbered = names == tuple(map(str, range(len(names))))
        data = self.data.model_copy(update={"classes": len(names) if is_numbered else names})
        last = self.output_layer.model_copy(update={"dense": len(names)})
        return self.model_copy(update={"data": data, "network": (*self.network[:-1], last)})
