"""From a typed configuration to the objects of training."""

from nntrain.config.schema import Config, DenseConfig, NormalConfig, UniformConfig
from nntrain.data.augment import Augmentation, Augmenter
from nntrain.data.batches import Rescale
from nntrain.engine import Dropout
from nntrain.nn import INITIALIZERS, Dense, Initializer, Layer, Network
from nntrain.nn.initializers import normal, uniform
from nntrain.optim import (
    SGD,
    Adam,
    AdamW,
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
from nntrain.randomness import Purpose, generator


def build_layers(config: Config) -> list[Layer]:
    """The layers, without parameters yet."""
    return [Dense(layer.dense, layer.activation) for layer in config.network]


def build_network(config: Config, inputs: int) -> Network:
    """The network, its parameters still zero.

    Args:
        config: Complete.
        inputs: n_0, the number of pixels.
    """
    return Network((inputs,), build_layers(config), config.loss, config.dtype)


def initial_network(config: Config, inputs: int) -> Network:
    """The network as its training begins, with weights drawn from the seed.

    Args:
        config: Complete.
        inputs: n_0, the number of pixels.
    """
    network = build_network(config, inputs)
    rng = generator(config.seed, Purpose.WEIGHTS)
    for layer, described in zip(network.layers, config.network, strict=True):
        layer.weights[...] = _initializer(described)(rng, layer.weights.shape)
    return network


def dropout_rates(config: Config) -> list[float]:
    """The shares of x_0 … x_{L−1} that each training step leaves out."""
    return [config.training.input_dropout, *(layer.dropout for layer in config.network[:-1])]


def build_dropout(config: Config) -> Dropout | None:
    """What training steps leave out; None for nothing."""
    rates = dropout_rates(config)
    return Dropout(rates, config.seed) if any(rates) else None


def build_optimizer(config: Config, network: Network) -> Optimizer:
    """The optimiser, its state still that of the first step."""
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
    """The learning rate's factor at each time."""
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
    """What else than the loss acts on the weights."""
    training = config.training
    return Regularization(training.l1, training.max_norm, training.clip_norm, network.weight_count)


def build_average(config: Config, network: Network) -> MovingAverage | None:
    """What follows the network's parameters, as they are now."""
    decay = config.training.average
    return None if decay is None else MovingAverage(network.parameters, decay)


def build_augmenter(config: Config, pixels: int) -> Augmenter | None:
    """What distorts training images of so many pixels.

    Raises:
        ConfigError: The images are not square.
    """
    chosen = config.data.distortion
    if chosen is None:
        return None
    elastic = chosen.elastic
    return Augmenter(
        Augmentation(
            rotation=chosen.rotation,
            scale=chosen.scale,
            shear=chosen.shear,
            shift=chosen.shift,
            elastic_strength=elastic.strength if elastic else 0.0,
            elastic_sigma=elastic.sigma if elastic else Augmentation.elastic_sigma,
            limits=chosen.limits,
        ),
        pixels,
    )


def build_rescale(config: Config) -> Rescale:
    """From pixels to inputs."""
    return Rescale(*config.data.input_range)


def _initializer(layer: DenseConfig) -> Initializer:
    match layer.init:
        case NormalConfig(normal=scale):
            return normal(scale)
        case UniformConfig(uniform=bound):
            return uniform(bound)
        case name:
            return INITIALIZERS[name]
