"""Expansion of ~ and $NAME, and the commands that fetch URLs."""

# ruff: noqa: E501  # a URL and its command stand on one line

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.paths import exists, expand, unknown_part, url_problem
from tests.support.examples import examples


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, in which ~ and $DATA are other folders, and $NOWHERE is none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.setenv("DATA", "some/data")
    monkeypatch.delenv("NOWHERE", raising=False)
    return tmp_path / "me"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("~/x.csv", "{home}/x.csv"),
        ("$HOME/x.csv", "{home}/x.csv"),
        ("${HOME}/x.csv", "{home}/x.csv"),
        ("$DATA/x.csv", "some/data/x.csv"),
        ("a/${DATA}.csv", "a/some/data.csv"),
        ("$NOWHERE/x.csv", "$NOWHERE/x.csv"),
        ("a/~/x$.csv", "a/~/x$.csv"),
        ("-", "-"),
    ],
)
def test_home_and_variables_are_expanded(home: Path, written: str, expected: str) -> None:
    assert expand(written) == expected.format(home=home)


names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\0")
    | st.sampled_from("~${}HOME"),
    min_size=1,
    max_size=20,
).filter(lambda name: name not in (".", ".."))


@examples(50)
@given(start=st.sampled_from(["~", "$HOME", "${HOME}", "$DATA", ""]), name=names)
def test_an_existing_file_is_taken_literally(
    tmp_path_factory: pytest.TempPathFactory, start: str, name: str
) -> None:
    folder = tmp_path_factory.mktemp("literal")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HOME", "/nowhere")
        patch.setenv("DATA", "/nowhere")
        written = start + name
        Path(written).touch()
        assert expand(written) == written
        assert exists(written)


@examples(50)
@given(
    st.text() | st.lists(st.sampled_from(["~", "/", "$", "HOME", "${HOME}", "{", "x"])).map("".join)
)
def test_expanding_twice_changes_nothing_more(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", "/nowhere")
        once = expand(text)
        if "\0" not in text and not text.startswith("$HOME"):
            assert expand(once) == once
        if "$" not in text and not text.startswith("~"):
            assert once == text


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$NOWHERE/x.csv", "$NOWHERE is not set"),
        ("a/${NOWHERE}.csv", "${NOWHERE} is not set"),
        ("~no-such-user/x.csv", "~no-such-user is no user's folder"),
        ("~backup.csv", None),
        ("price$.csv", None),
        ("$1.csv", None),
    ],
)
def test_unknown_variables_and_users_are_named(path: str, expected: str | None) -> None:
    assert unknown_part(path) == expected


@pytest.mark.parametrize(
    ("url", "command"),
    [
        ("https://example.org/digits.csv", "curl -LO 'https://example.org/digits.csv'"),
        ("HTTP://example.org/digits.csv?a=1&b=2", "curl -LO 'HTTP://example.org/digits.csv?a=1&b=2'"),
        ("ftp://example.org/it's.csv", r"curl -LO 'ftp://example.org/it'\''s.csv'"),
        ("www.example.org/digits.csv", "curl -LO 'www.example.org/digits.csv'"),
        ("s3://bucket/digits.csv", "aws s3 cp 's3://bucket/digits.csv' ."),
        ("gs://bucket/digits.csv", "gcloud storage cp 'gs://bucket/digits.csv' ."),
        ("http://yann.lecun.com/exdb/mnist/train-images-idx3-ubyte.gz", "nntrain data mnist"),
        ("https://pjreddie.com/media/files/mnist_train.csv", "nntrain data mnist"),
        ("s3://ossci-datasets/mnist/", "nntrain data mnist"),
        ("https://www.kaggle.com/datasets/oddrationale/mnist-in-csv", "nntrain data mnist"),
        ("https://example.org/fashion-mnist.csv", "curl -LO 'https://example.org/fashion-mnist.csv'"),
        ("https://www.kaggle.com/datasets/datamunge/sign-language-mnist", "kaggle datasets download -d datamunge/sign-language-mnist"),
        ("https://example.org/get?from=s3://a/b", "curl -LO 'https://example.org/get?from=s3://a/b'"),
        ("https://example.org/", "curl -Lo train.csv 'https://example.org/'"),
        ("https://example.org", "curl -Lo train.csv 'https://example.org'"),
        ("https://example.org/emnist.csv", "curl -LO 'https://example.org/emnist.csv'"),
        ("https://www.kaggle.com/c/digit-recognizer/data", "kaggle competitions download -c digit-recognizer"),
        ("https://kaggle.com/competitions/nn5", "kaggle competitions download -c nn5"),
        ("kaggle://digit-recognizer", "kaggle competitions download -c digit-recognizer"),
        ("kaggle://competitions/nn5", "kaggle competitions download -c nn5"),
        ("kaggle://c/nn5", "kaggle competitions download -c nn5"),
        ("kaggle://some/digits", "kaggle datasets download -d some/digits"),
        ("kaggle://datasets/some/digits", "kaggle datasets download -d some/digits"),
        ("https://www.kaggle.com/datasets/some/digits?select=train.csv", "kaggle datasets download -d some/digits"),
    ],
)  # fmt: skip
def test_a_url_is_answered_with_the_command_that_fetches_it(url: str, command: str) -> None:
    problem = url_problem(url)
    assert problem == f"a URL, but nntrain reads files; fetch it first: {command}"
    assert shlex.split(command)


@pytest.mark.parametrize(
    "path", ["C:\\data\\train.csv", "C:/train.csv", "a/http://b", "x.csv", "www.csv", ""]
)
def test_a_path_is_no_url(path: str) -> None:
    assert url_problem(path) is None


def test_a_file_url_is_answered_with_its_path() -> None:
    assert url_problem("file:///data/train.csv") == "a URL; write the path: /data/train.csv"


def test_a_file_with_the_name_of_a_url_is_taken(home: Path) -> None:
    Path("http:/example.org").mkdir(parents=True)
    assert url_problem("http://example.org") is None
