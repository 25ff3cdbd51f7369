"""Kernels, weights and pipelines from what is no plain file: pipes with and without a writer, devices, folders."""

import os
import resource
import threading
import zipfile

import numpy as np
import pytest

from imgconv.errors import ImgconvError, KernelFileError
from imgconv.kernels.library import kernel
from imgconv.pipeline.file import load
from imgconv.system import smallfile

if not hasattr(os, "mkfifo"):
    pytest.skip("this system has no named pipes", allow_module_level=True)


@pytest.mark.parametrize("name", ["k.csv", "k.mat", "k.yaml", "k.npy", "w.npz", "w.safetensors"])
def test_a_pipe_that_nobody_writes_to_does_not_hang(tmp_path, name, monkeypatch):
    monkeypatch.setattr(smallfile, "PATIENCE", 0.1)
    os.mkfifo(tmp_path / name)
    with pytest.raises(KernelFileError, match=r"is a pipe(, but weights are read from| that nobody writes)"):
        kernel(str(tmp_path / name))


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_devices_are_refused(tmp_path, device):
    for name in ("k.csv", "k.yaml", "k.npy", "w.npz", "w.safetensors"):
        (tmp_path / name).symlink_to(device)
        with pytest.raises(ImgconvError, match=r"is a device, not a file|there is no such"):
            kernel(str(tmp_path / name))
        (tmp_path / name).unlink()
    with pytest.raises(ImgconvError, match=r"is a device, not a file"):
        load("/dev/zero")


def test_what_comes_through_a_pipe_is_read(tmp_path):
    path = tmp_path / "k.csv"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_text("1,2\n" * 900))
    writer.start()
    assert kernel(path).shape == (900, 2)
    writer.join()


def test_packed_weights_are_looked_at_before_they_are_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.npz", "w", zipfile.ZIP_DEFLATED) as file:
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (40, 100000, 1, 1), }"
        header = header.ljust(117) + b"\n"
        with file.open("w.npy", "w") as member:
            member.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
            for _ in range(40):
                member.write(bytes(800_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(KernelFileError, match="an array of shape"):
        kernel(str(tmp_path / "w.npz:w"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kB
    np.savez(tmp_path / "v.npz", w=np.zeros((2, 3, 5, 5)))
    assert kernel(str(tmp_path / "v.npz")).weights.shape == (2, 3, 5, 5)
