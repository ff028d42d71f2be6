"""The layers of a configuration, and the shapes of their inputs."""

from collections.abc import Iterable
from math import isqrt

from nntrain.config.schema import Config, ConvConfig, DenseConfig, LayerConfig, MaxPoolConfig
from nntrain.errors import ConfigError
from nntrain.nn import Conv, Dense, FlatDense, Layer, MaxPool, MeanPool
from nntrain.nn.arrays import Shape


def build_layers(config: Config) -> list[Layer]:
    """Layers without parameters."""
    before = [None, *config.network]
    return [_layer(*pair) for pair in zip(config.network, before, strict=False)]


def _layer(layer: LayerConfig, before: LayerConfig | None) -> Layer:
    match layer:
        case DenseConfig():
            kind = Dense if before is None or isinstance(before, DenseConfig) else FlatDense
            return kind(layer.dense, layer.activation)
        case ConvConfig():
            return Conv(layer.conv, layer.kernel, layer.activation, layer.stride, layer.border)
        case MaxPoolConfig():
            return MaxPool(layer.max_pool, layer.stride)
    return MeanPool(layer.mean_pool, layer.stride)


def input_shape(config: Config, inputs: int) -> Shape:
    """The shape of x_0 for `inputs` numbers: (n_0,), or a picture's (height, width, channels).

    Raises:
        ConfigError: If the numbers are not such a picture.
    """
    image = config.data.image
    if image is not None:
        height, width, channels = (*image, 1)[:3]
        if height * width * channels != inputs:
            raise ConfigError(
                f"data.image: {'×'.join(map(str, image))} are {height * width * channels:,} "
                f"numbers, but the rows have {inputs:,}; correct it"
            )
    if isinstance(config.network[0], DenseConfig):
        return (inputs,)
    if image is None:
        height = width = isqrt(inputs)
        channels = 1
        if height**2 != inputs:
            raise ConfigError(
                f"network[0]: {inputs:,} pixels are not a square picture; write "
                "data.image: [height, width, channels]"
            )
    return height, width, channels


def check_shapes(config: Config, inputs: int) -> None:
    """Check that each layer can take the picture before it.

    Raises:
        ConfigError: If a window is larger than its picture.
    """
    shape = input_shape(config, inputs)
    for index, (layer, built) in enumerate(zip(config.network, build_layers(config), strict=True)):
        try:
            shape = built.output_shape(shape)
        except ValueError:
            key = next(name for name in ("kernel", "max_pool", "mean_pool") if hasattr(layer, name))
            raise ConfigError(
                f"network[{index}].{key}: windows of {getattr(layer, key)} do not fit into its "
                f"input of {'×'.join(map(str, shape))}; at most {min(shape[:2])} fit"
            ) from None


def shapes_text(shapes: Iterable[Shape]) -> str:
    """The shapes of x_0 … x_L on one line, such as 28×28×1-24×24×16-4608-10."""
    return "-".join("×".join(map(str, shape)) for shape in shapes)
