"""Builds the objects of training from a typed configuration."""

from nntrain.config.layers import build_layers, input_shape
from nntrain.config.memory import check_network_fits
from nntrain.config.schema import (
    Config,
    ConvConfig,
    DenseConfig,
    NormalConfig,
    TeacherConfig,
    UniformConfig,
)
from nntrain.data.augment import Augmentation, Augmenter
from nntrain.data.batches import Rescale
from nntrain.engine import Distillation, Dropout
from nntrain.nn import Network
from nntrain.optim import (
    INITIALIZERS,
    SGD,
    Adam,
    AdamW,
    Initializer,
    Momentum,
    MovingAverage,
    Nesterov,
    Optimizer,
    Regularization,
    Schedule,
    constant,
    cosine,
    exponential,
    one_cycle,
    step,
    warm_up,
)
from nntrain.optim.initializers import normal, uniform
from nntrain.randomness import Purpose, generator


def build_network(config: Config, inputs: int) -> Network:
    """Network of n_0 = `inputs` pixels with all parameters zero.

    Raises:
        ConfigError: If it needs more memory than this machine has.
    """
    check_network_fits(config, inputs, trained=False)
    return Network(input_shape(config, inputs), build_layers(config), config.loss, config.dtype)


def initial_network(config: Config, inputs: int) -> Network:
    """Network of n_0 = `inputs` pixels with initial weights drawn from the seed.

    Raises:
        ConfigError: If it needs more memory than this machine has.
    """
    network = build_network(config, inputs)
    rng = generator(config.seed, Purpose.WEIGHTS)
    for layer, layer_config in zip(network.layers, config.network, strict=True):
        if isinstance(layer_config, DenseConfig | ConvConfig):
            layer.weights[...] = _initializer(layer_config)(rng, layer.weights.shape)
    return network


def dropout_rates(config: Config) -> list[float]:
    """Dropout rates of x_0 … x_{L−1}."""
    return [config.training.input_dropout, *(layer.dropout for layer in config.network[:-1])]


def build_dropout(config: Config) -> Dropout | None:
    """Dropout; None if all rates are 0."""
    rates = dropout_rates(config)
    return Dropout(rates, config.seed) if any(rates) else None


def build_distillation(teacher: TeacherConfig) -> Distillation:
    """Distillation."""
    return Distillation(teacher.temperature, teacher.weight)


def build_optimizer(config: Config, network: Network) -> Optimizer:
    """Optimizer in its initial state."""
    chosen = config.training.optimizer
    common = (network.parameters, network.weight_count)
    decay = chosen.weight_decay
    match chosen.name:
        case "sgd":
            return SGD(*common, decay)
        case "momentum":
            return Momentum(*common, chosen.momentum, decay)
        case "nesterov":
            return Nesterov(*common, chosen.momentum, decay)
        case "adam":
            return Adam(*common, chosen.beta1, chosen.beta2, chosen.epsilon, decay)
        case "adamw":
            return AdamW(*common, chosen.beta1, chosen.beta2, chosen.epsilon, decay)


def build_schedule(config: Config) -> Schedule:
    """Learning rate schedule, with its warm-up."""
    chosen, epochs = config.training.schedule, config.training.epochs
    match chosen.name:
        case "constant":
            schedule = constant()
        case "step":
            schedule = step(chosen.every, chosen.factor)
        case "exponential":
            schedule = exponential(chosen.decay)
        case "cosine":
            schedule = cosine(epochs, chosen.final)
        case "one_cycle":
            schedule = one_cycle(epochs, chosen.peak_at, chosen.initial, chosen.final)
    return warm_up(schedule, chosen.warmup)


def build_regularization(config: Config, network: Network) -> Regularization:
    """L1 penalty, max-norm constraint and gradient clipping."""
    training = config.training
    return Regularization(training.l1, training.max_norm, training.clip_norm, network.weight_count)


def build_average(config: Config, network: Network) -> MovingAverage | None:
    """Moving average that starts at the network's current parameters; None if not configured."""
    decay = config.training.average
    return None if decay is None else MovingAverage(network.parameters, decay)


def build_augmenter(config: Config, pixels: int) -> Augmenter | None:
    """Augmenter for images of so many pixels; None if not configured.

    Raises:
        ConfigError: If the images are not square.
    """
    if config.data.distortion is None:
        return None
    options = dict(config.data.distortion)
    elastic, limits = options.pop("elastic"), options.pop("limits")
    numbers = {name: number for number, name in enumerate(config.class_names)}
    options["limits"] = {
        numbers[str(label)]: factor for label, factor in limits.items() if str(label) in numbers
    }
    if elastic:
        options |= {"elastic_strength": elastic.strength, "elastic_sigma": elastic.sigma}
    return Augmenter(Augmentation(**options), pixels)


def build_rescale(config: Config) -> Rescale:
    """Scaling from pixels to inputs."""
    return Rescale(*config.data.input_range)


def _initializer(layer: DenseConfig | ConvConfig) -> Initializer:
    match layer.init:
        case NormalConfig(normal=scale):
            return normal(scale)
        case UniformConfig(uniform=bound):
            return uniform(bound)
        case name:
            return INITIALIZERS[name]
