"""Connections to a scheduler that does not exist or requires a certificate."""

import shutil
from pathlib import Path

import dask
import pytest

from nntrain.cluster import connect
from tests.support.cli import run


def test_tls_without_a_certificate_is_one_line(folder: Path) -> None:
    result = run("fit", "tiny.yaml", "--scheduler", "tls://127.0.0.1:9")
    assert result.exit_code == 1
    assert "tls://127.0.0.1:9: no TLS certificate is configured; set ca-file," in result.stderr


def test_an_unreadable_certificate_is_one_line(folder: Path) -> None:
    ours = {"ca-file": "cert.pem", "client.cert": "cert.pem", "client.key": "key.pem"}
    with dask.config.set({f"distributed.comm.tls.{name}": file for name, file in ours.items()}):
        result = run("fit", "tiny.yaml", "--scheduler", "tls://127.0.0.1:9")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        "tls://127.0.0.1:9: no scheduler there ([Errno 2] No such file or directory); start one "
        "with 'dask scheduler', or configure a certificate that it accepts (docs/cluster.md)"
    )


def test_no_scheduler_is_one_line(sweep_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "CONNECT_TIMEOUT", 0.5)
    for command in (("sweep", "sweep.yaml"), ("fit", "tiny.yaml")):
        result = run(*command, "--scheduler", "tcp://127.0.0.1:9", "--run", "runs/none")
        assert result.exit_code == 1
        assert "tcp://127.0.0.1:9: no scheduler there (" in result.stderr.splitlines()[-1]
        assert result.stderr.rstrip().endswith("; start one with 'dask scheduler'")
        shutil.rmtree("runs", ignore_errors=True)
