"""Downloads from a local HTTP server, with valid and invalid answers."""

import gzip
import hashlib
import io
import os
import socket
import struct
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

import nntrain
from nntrain.data import mnist
from nntrain.data.mnist import FILES, MIRRORS, IdxFile, fetch_mnist
from nntrain.errors import ConfigError, DataError

Answer = tuple[int, int, bytes]  # status (0: the body without any header), Content-Length, body


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.user_agents: set[str] = set()

    def mirror(self, folder: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{folder}/"

    def put(self, folder: str, name: str, body: bytes, status: int = 200, missing: int = 0) -> None:
        self.answers[f"/{folder}/{name}.gz"] = (status, len(body) + missing, body)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.user_agents.add(self.headers["User-Agent"])
        status, length, body = self.server.answers.get(self.path, (404, 0, b""))
        if status:
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()
        with suppress(ConnectionError):  # the client closes the connection early on oversized data
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def idx(array: np.ndarray) -> bytes:
    magic = {1: 2049, 3: 2051}[array.ndim]
    return struct.pack(f">{1 + array.ndim}i", magic, *array.shape) + array.tobytes()


def idx_file(name: str, array: np.ndarray) -> IdxFile:
    return IdxFile(name, hashlib.sha256(idx(array)).hexdigest(), array.shape)


RANDOM = np.random.default_rng(0)
ARRAYS = tuple(
    RANDOM.integers(0, high, shape, dtype=np.uint8)
    for high, shape in [(256, (5, 28, 28)), (10, (5,)), (256, (3, 28, 28)), (10, (3,))]
)
NAMES = ("train-images", "train-labels", "test-images", "test-labels")
SMALL = tuple(map(idx_file, NAMES, ARRAYS))
GOOD = gzip.compress(idx(ARRAYS[0]))


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        for name, array in zip(NAMES, ARRAYS, strict=True):
            server.put("good", name, gzip.compress(idx(array)))
            server.put("bad", name, gzip.compress(idx(array)))
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert list(tmp_path.iterdir()) == [], "fetching left something behind"


def test_the_four_files_become_arrays_of_rows(server: Server) -> None:
    notices: list[str] = []
    found = fetch_mnist([server.mirror("good")], notice=notices.append, files=SMALL)
    for array, expected in zip(found, ARRAYS, strict=True):
        assert array.dtype == np.uint8
        np.testing.assert_array_equal(array, expected.reshape(len(expected), -1).squeeze())
    assert [array.shape for array in found] == [(5, 784), (5,), (3, 784), (3,)]
    assert notices == []
    assert server.user_agents == {f"nntrain/{nntrain.__version__}"}


def test_a_mirror_needs_no_slash_at_its_end(server: Server) -> None:
    fetch_mnist([server.mirror("good").rstrip("/")], files=SMALL)


BAD_ANSWERS = {
    "forbidden": ({"body": b"no", "status": 403}, "HTTP 403"),
    "server error": ({"body": b"", "status": 503}, "HTTP 503"),
    "other contents": ({"body": gzip.compress(idx(255 - ARRAYS[0]))}, "wrong SHA-256"),
    "fewer images": ({"body": gzip.compress(idx(ARRAYS[0][:4]))}, "wrong SHA-256"),
    "short body": ({"body": GOOD[:-100], "missing": 100}, "ended early"),
    "truncated gzip": ({"body": GOOD[:-100]}, "ended early"),
    "empty": ({"body": b""}, "wrong SHA-256"),
    "a web page": ({"body": b"<html>Please log in</html>"}, "Not a gzipped file"),
    "corrupt gzip": ({"body": GOOD[:500] + b"\xff" * 500 + GOOD[1000:]}, "CRC check failed"),
    "not deflated": ({"body": GOOD[:10] + b"\xff" * 500}, "Error -3 while decompressing"),
    "not HTTP": ({"body": b"SSH-2.0\r\n", "status": 0}, "sent no HTTP response"),
    "hung up": ({"body": b"", "status": 0}, "sent no HTTP response"),
    "one byte too many": (
        {"body": gzip.compress(idx(ARRAYS[0]) + b"0")},
        "unpacks to more than 3936 bytes",
    ),
}


@pytest.mark.parametrize(("answer", "expected"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_bad_mirror_is_passed_over_with_a_notice(
    server: Server, answer: dict[str, bytes | int], expected: str
) -> None:
    server.put("bad", NAMES[0], **answer)  # type: ignore[arg-type]
    bad, good = server.mirror("bad"), server.mirror("good")
    notices: list[str] = []
    pixels, *_ = fetch_mnist([bad, good], notice=notices.append, files=SMALL)
    np.testing.assert_array_equal(pixels.ravel(), ARRAYS[0].ravel())
    (line,) = notices
    assert line.startswith(f"train-images: {bad}: {expected}")
    assert line.endswith(f"; trying {good}")
    assert "\n" not in line


def test_an_unreachable_mirror_is_passed_over(server: Server) -> None:
    with socket.socket() as closed:  # bound, so that nobody else takes the port, but not listening
        closed.bind(("127.0.0.1", 0))
        unreachable = f"http://127.0.0.1:{closed.getsockname()[1]}"
        notices: list[str] = []
        fetch_mnist([unreachable, server.mirror("good")], notice=notices.append, files=SMALL)
    assert len(notices) == len(SMALL)
    assert all("Connection refused; trying" in line for line in notices)


def test_a_silent_mirror_is_given_up_after_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist, "TIMEOUT_SECONDS", 0.1)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(DataError, match="timed out"),
    ):
        fetch_mnist([f"http://127.0.0.1:{silent.getsockname()[1]}"], files=SMALL)


def test_the_error_names_the_file_every_mirror_and_the_mend_in_one_line(server: Server) -> None:
    server.put("bad", NAMES[2], b"", status=403)
    bad, empty = server.mirror("bad"), server.mirror("empty")
    with pytest.raises(DataError) as caught:
        fetch_mnist([bad, empty], files=SMALL)
    assert str(caught.value) == (
        f"test-images: {bad}: HTTP 403; {empty}: HTTP 404. "
        "Name another with --mirror URL, or put Kaggle's train.csv into data/"
    )


@pytest.mark.parametrize("mirror", ["http://[::1", "http://a..b/", "http://host:port/", "http://"])
def test_an_address_that_cannot_be_read_is_an_error_of_one_line(mirror: str) -> None:
    with pytest.raises(DataError, match=r"^train-images: ") as caught:
        fetch_mnist([mirror], files=SMALL)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mirror", ["file:///etc", "ftp://host/", "mnist.example", ""])
def test_only_http_and_https_are_fetched(server: Server, mirror: str) -> None:
    with pytest.raises(ConfigError, match="https://"):
        fetch_mnist([server.mirror("good"), mirror], files=SMALL)
    assert server.user_agents == set(), "refused before anything was fetched"


def test_a_gzip_bomb_does_not_fill_the_memory(server: Server) -> None:
    server.put("bad", NAMES[0], gzip.compress(bytes(64_000_000), compresslevel=1))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="unpacks to more than 3936 bytes"):
            fetch_mnist([server.mirror("bad")], files=SMALL)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000


def test_a_header_of_another_shape_is_refused(server: Server) -> None:
    transposed = replace(SMALL[0], shape=(28, 5, 28))
    with pytest.raises(DataError, match="wrong IDX header"):
        fetch_mnist([server.mirror("good")], files=[transposed, *SMALL[1:]])


def test_an_interruption_goes_through(server: Server) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_mnist([server.mirror("empty"), server.mirror("good")], notice=interrupt, files=SMALL)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("progress", [True, False])
def test_a_terminal_sees_a_bar_per_file_if_wanted(
    server: Server, monkeypatch: pytest.MonkeyPatch, progress: bool
) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    fetch_mnist([server.mirror("good")], progress=progress, files=SMALL)
    assert isinstance(sys.stderr, Terminal)
    shown = sys.stderr.getvalue()
    assert [name in shown and "100%" in shown for name in NAMES] == [progress] * 4


def test_the_bar_is_silent_when_stderr_is_no_terminal(
    server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    fetch_mnist([server.mirror("good")], files=SMALL)
    assert capfd.readouterr() == ("", "")


def test_the_published_files_have_mnists_sizes() -> None:
    assert [file.size for file in FILES] == [47_040_016, 60_008, 7_840_016, 10_008]
    assert all(mirror.startswith("https://") for mirror in MIRRORS)


@pytest.mark.skipif("NNTRAIN_MNIST" not in os.environ, reason="needs the real MNIST")
@pytest.mark.slow
def test_the_real_training_files_match_the_published_sums(server: Server) -> None:
    pd = pytest.importorskip("pandas")
    table = pd.read_csv(Path(os.environ["NNTRAIN_MNIST"]) / "train.csv.gz", dtype=np.uint8)
    labels, images = table["label"].to_numpy(), np.ascontiguousarray(table.iloc[:, 1:])
    for file, array in zip(FILES, (images.reshape(-1, 28, 28), labels), strict=False):
        server.put("good", file.name, gzip.compress(idx(array), compresslevel=0))
    pixels, digits, *_ = fetch_mnist([server.mirror("good")], files=[*FILES[:2], *SMALL[2:]])
    assert np.array_equal(pixels, images)
    assert np.array_equal(digits, labels)
