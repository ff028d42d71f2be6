"""The places of keys, found in the schema."""

from nntrain.config.places import Place, places_of
from nntrain.config.schema import Config, MomentumConfig, SgdConfig, TrainingConfig


def test_every_key_of_every_model_has_a_place() -> None:
    found = places_of(Config)
    for model in (Config, TrainingConfig, SgdConfig, MomentumConfig):
        assert set(model.model_fields) - {"name"} <= set(found)
    assert found["epochs"] == Place(("training", "epochs"), ())
    assert found["seed"] == Place(("seed",), ())
    assert found["normal"] == Place(("network", 0, "init", "normal"), ())


def test_a_place_names_the_variants_if_not_all_have_the_key() -> None:
    found = places_of(Config)
    assert found["learning_rate"] == Place(("training", "optimizer", "learning_rate"), ())
    assert found["momentum"].names == ("momentum", "nesterov")
    assert found["every"].names == ("step",)
