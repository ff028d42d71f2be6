"""The files that a YAML file names: where they are looked for, and why one is not there."""

# ruff: noqa: E501  # an issue is one line, here as on the terminal

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.config import Config, FileFinder, dump_config, load_config, make_config, parse_config
from nntrain.errors import ConfigError, DataError, NNTrainError
from tests.support.configs import VALID, VALUES
from tests.support.examples import examples

TRAIN = "{train: train.csv}"
DEMO = "'nntrain data demo' makes data/train.csv and test.csv"


class Place:
    """A working directory, and beside it exp/config.yaml."""

    def __init__(self, folder: Path) -> None:
        self.here, self.exp = folder / "here", folder / "other/exp"
        self.here.mkdir()
        self.exp.mkdir(parents=True)
        self.config = Path("../other/exp/config.yaml")
        self.lines: list[str] = []

    def write(self, data: str) -> None:
        self.config.write_text(VALID.replace(f"data: {TRAIN}", f"data:{data}"))

    def load(self, *overrides: str, needed: tuple[str, ...] = ("train", "validation")) -> Config:
        self.lines.clear()
        return load_config(self.config, overrides, FileFinder(self.lines.append, needed))

    def refusal(self, *overrides: str) -> str:
        with pytest.raises(NNTrainError) as raised:
            self.load(*overrides)
        (line,) = str(raised.value).splitlines()
        return line.removeprefix(f"{self.config}:")


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = Place(tmp_path_factory.mktemp("p"))
    monkeypatch.chdir(place.here)
    monkeypatch.setenv("HOME", str(place.exp))
    monkeypatch.delenv("NOWHERE", raising=False)
    return place


def test_a_file_that_is_here_is_taken_as_it_is_written(place: Place) -> None:
    for folder in (place.here, place.exp):
        (folder / "train.csv").touch()
    place.write(" {train: train.csv}")
    assert place.load().data.train == "train.csv"
    assert place.lines == []


def test_a_file_that_is_only_beside_the_configuration_is_taken_with_a_line(place: Place) -> None:
    (place.exp / "train.csv").touch()
    (place.exp.parent / "val.csv").touch()
    place.write(" {train: train.csv, validation: ../val.csv}")
    config = place.load()
    assert config.data.train == str(place.exp / "train.csv")
    assert config.data.validation == str(place.exp.parent / "val.csv")
    assert place.lines == [
        f"data.train: train.csv was not found here; {place.exp / 'train.csv'} beside {place.config} is taken",
        f"data.validation: ../val.csv was not found here; {place.exp.parent / 'val.csv'} beside {place.config} is taken",
    ]
    assert load_config(place.config).data.train == "train.csv"


@pytest.mark.parametrize("name", ["train.csv.gz", "train.csv.zip", "train.csv.xz", "train.csv.bz2"])
def test_a_packed_file_is_taken_with_a_line_if_the_plain_one_is_nowhere(
    place: Place, name: str
) -> None:
    place.write(" {train: data/train.csv}")
    for folder in (place.exp, place.here):
        (folder / "data").mkdir()
        packed = folder / "data" / name
        packed.touch()
        shown = packed if folder == place.exp else packed.relative_to(place.here)
        for needed in (("train",), ()):
            assert place.load(needed=needed).data.train == str(shown)
            assert place.lines == [
                f"data.train: data/train.csv was not found; {shown} is taken",
            ]
    assert place.load("data.train=./data/train.csv").data.train == f"data/{name}"
    (place.exp / "data/train.csv").touch()
    assert place.load().data.train == str(place.exp / "data/train.csv")
    (place.here / "data/train.csv").touch()
    assert place.load().data.train == "data/train.csv"
    assert place.lines == []


def test_an_override_is_relative_to_the_working_directory(place: Place) -> None:
    (place.exp / "train.csv").touch()
    place.write(" {train: x.csv}")
    assert place.load("data.train=train.csv").data.train == "train.csv"
    assert place.lines == []
    (place.here / "data").mkdir()
    (place.here / "data/train.csv").touch()
    assert place.load("data.train=data/train.csv").data.train == "data/train.csv"


def test_a_file_that_is_nowhere_is_reported_with_both_places(place: Place) -> None:
    place.write("\n  train: train.csv")
    where = f"neither in {place.here} nor beside config.yaml in {place.exp}"
    if len(f"{place.config}:2: data.train: train.csv: no such file, {where}; {DEMO}") > 300:
        pytest.skip("the folder of temporary files has a long path")
    assert place.refusal() == f"2: data.train: train.csv: no such file, {where}; {DEMO}"
    (place.exp / "trian.csv").touch()
    assert place.refusal().endswith(f"{where}; did you mean 'trian.csv'?")
    assert place.load(needed=()).data.train == "train.csv"
    assert place.load(needed=("validation",)).data.train == "train.csv"


def test_long_places_are_named_in_short(place: Place) -> None:
    place.exp = place.exp / ("x" * 100) / ("y" * 100)
    place.exp.mkdir(parents=True)
    place.config = place.exp / "config.yaml"
    place.write(" {train: train.csv}")
    assert place.refusal().endswith(
        f"train.csv: no such file, neither here nor beside config.yaml; {DEMO}"
    )


def test_a_file_that_could_be_in_one_place_only_is_left_to_its_reader(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write(" {train: /no/such.csv}")
    assert place.load().data.train == "/no/such.csv"
    place.write(" {train: train.csv}")
    monkeypatch.chdir(place.exp)
    place.config = Path("config.yaml")
    assert place.load().data.train == "train.csv"


@pytest.mark.parametrize("written", ["~/train.csv", "$HOME/train.csv", "'${HOME}/train.csv'"])
def test_home_and_variables_are_expanded(place: Place, written: str) -> None:
    (place.exp / "train.csv").touch()
    expected = str(place.exp / "train.csv")
    place.write(f" {{train: {written}, validation: {written}}}")
    config = place.load()
    assert (config.data.train, config.data.validation) == (expected, expected)
    place.write(" {train: x}")
    assert place.load(f"data.train={written}").data.train == expected
    values = VALUES | {"data": {"train": written.strip("'")}}
    assert make_config(values, "config", (), FileFinder(print)).data.train == expected
    assert (
        parse_config(VALID, "text", [f"data.train={written}"], FileFinder(print)).data.train
        == expected
    )


paths = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/\u2028\u2029\ufffe\uffff")
    | st.sampled_from("~${}HOME #'\""),
    min_size=1,
    max_size=15,
).filter(lambda name: name not in (".", ".."))


@examples(50)
@given(paths)
def test_the_file_of_any_literal_name_is_taken(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("literal"))
        Path(name).touch()
        config = make_config(VALUES | {"data": {"train": name}}, "config")
        Path("config.yaml").write_text(dump_config(config), "utf-8")
        assert load_config("config.yaml", (), FileFinder(pytest.fail)) == config


@pytest.mark.parametrize("data", ["$NOWHERE/x.csv", "'${NOWHERE}/x.csv'"])
def test_a_variable_that_is_not_set_is_named(place: Place, data: str) -> None:
    place.write(f"\n  train: {data}")
    name, path = data.strip("'").partition("/")[0], data.strip("'")
    for line in (place.refusal(), place.refusal(f"data.validation={data}")):
        assert f"data.train: {path}: no such file, " in line
        assert line.endswith(f"; {name} is not set; write the path in full")
    (place.exp / "x.csv").touch()
    place.write("\n  train: x.csv")
    assert place.refusal(f"data.validation={data}") == (
        f"--set data.validation={data}: data.validation: {path}: no such file; {name} is not set; write the path in full"
    )


@pytest.mark.parametrize(
    ("written", "path", "hint"),
    [
        ("data/my #1.csv", "data/my", "YAML takes '#1.csv' as a comment; put the whole path in quotes"),
        ("my # 1.csv  # the data", "my", "YAML takes '# 1.csv  # the data' as a comment; put the whole path in quotes"),
        ("a.csv #2.csv", "a.csv", "YAML takes '#2.csv' as a comment; put the whole path in quotes"),
        (r'"C:\new\train.csv"', r"C:\new\train.csv", r"in double quotes YAML makes a line break of \n and a tab of \t; use single quotes or /"),
        (r'"D:\_1\x41.csv" # "b"', "D:\\xa01A.csv", r"in double quotes YAML makes a no-break space of \_; use single quotes or /"),
        (r'"data/\u202e\x41.csv"', "data/\\u202eA.csv", None),
        (r'"C:\\data\/\"x"', 'C:\\data/"x', None),
        ("data/train.csv   # Kaggle's, see x.csv", "data/train.csv", None),
        ("'data/my'  # mine", "data/my", None),
        ("\n    data/x.csv", "data/x.csv", None),
        ("|\n    data/x.csv", "data/x.csv\\n", "YAML joins the lines of a value; write the path in one line"),
        ("data/my\n    x.csv", "data/my x.csv", "YAML joins the lines of a value; write the path in one line"),
    ],
)  # fmt: skip
def test_what_yaml_made_of_a_path_is_said_if_it_is_not_found(
    place: Place, written: str, path: str, hint: str | None
) -> None:
    place.write(f"\n  train: {written}")
    line = place.refusal()
    assert line.startswith(f"2: data.train: {path}: no such file, neither ")
    assert line.endswith(f"; {hint or DEMO}")
    if hint and "\n" not in written:
        place.write(" {train: x}")
        line = place.refusal(f"data.train={written}")
        assert line == (
            f"--set data.train={' '.join(written.split())}: data.train: {path}: no such file; {hint}"
        )
        assert place.refusal(f"data={{train: {written}\n}}").endswith(hint)


def test_a_file_whose_name_yaml_cuts_at_a_comment_is_recognised(place: Place) -> None:
    (place.here / "a.csv # b").touch()
    place.write("\n  train: a.csv # b # c")
    assert "YAML takes '# b # c' as a comment" in place.refusal()


def test_a_url_is_refused_with_its_command_also_if_no_data_are_needed(place: Place) -> None:
    place.write("\n  train: https://example.org/x.csv")
    with pytest.raises(ConfigError) as raised:
        place.load(needed=())
    fetch = "a URL, but nntrain reads files; fetch it first:"
    assert str(raised.value) == (
        f"{place.config}:2: data.train: {fetch} curl -LO 'https://example.org/x.csv'"
    )
    assert place.refusal("data.train=http://yann.lecun.com/exdb/mnist/").endswith(
        f": data.train: {fetch} nntrain data mnist"
    )


def test_text_that_is_no_file_has_no_place_beside_it(place: Place) -> None:
    with pytest.raises(DataError, match=r"no such file; \$NOWHERE is not set"):
        parse_config(VALID, "text", ["data.train=$NOWHERE/x"], FileFinder(print))
    assert parse_config(VALID, "text", (), FileFinder(print)).data.train == "train.csv"


def test_a_configuration_from_a_pipe_has_no_place_beside_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not Path("/dev/stdin").exists():
        pytest.skip("only Unix has /dev/stdin")
    place.write(" {train: none.csv}")
    with place.config.open() as file:
        source = f"/dev/fd/{file.fileno()}"
        assert load_config(source, (), FileFinder(pytest.fail)).data.train == "none.csv"
