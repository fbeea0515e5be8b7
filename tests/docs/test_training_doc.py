"""The Python blocks of docs/training.md run."""

import pytest
from docs.test_snippets import blocks


def test_training_doc():
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    names: dict = {}
    first, second = blocks("docs/training.md")
    exec(compile(first.replace("epochs=20", "epochs=2"), "training", "exec"), names)
    assert names["results"]["eps_g"].data.shape == (2, 5)
    exec(compile(second, "bath", "exec"), names)
    assert names["results"]["loss_t"].data.shape == (2, 1, 2)
