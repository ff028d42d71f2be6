from itertools import product

from nntrain.randomness import Purpose, generator


def test_streams_are_functions_of_their_four_coordinates_and_all_differ() -> None:
    coordinates = list(product((0, 1, 2**63 - 1), Purpose, (0, 1), (0, 1)))
    draws = {at: generator(*at).random(4).tobytes() for at in coordinates}
    assert len(set(draws.values())) == len(coordinates)
    assert all(generator(*at).random(4).tobytes() == draw for at, draw in draws.items())


def test_long_streams_of_neighbouring_batches_do_not_overlap() -> None:
    first = generator(0, Purpose.DEMO, 0, 0).random(100_000)
    second = generator(0, Purpose.DEMO, 0, 1).random(100_000)
    assert not set(first.tolist()) & set(second.tolist())
