"""Examples: random inputs and labels, teachers, and the user's own data of two classes."""

from __future__ import annotations

import numpy as np
import pytest

from statmech import Data, Perceptron
from statmech.models.examples import LARGE, UNIT, draw_inputs, draw_uniforms, draw_weights

UNITS = {"binary": 1.0, "gaussian": UNIT}
P, N = 600, 101


def moments(x):
    """z of the mean, the variance, the fourth moment, of neighbouring sites and of two examples, if Gaussian."""
    neighbours, examples = x[:, 1:] * x[:, :-1], x[1:] * x[:-1]
    second, fourth = ((x**2).mean() - 1) / 2**0.5, ((x**4).mean() - 3) / 96**0.5
    return np.array([x.mean(), second, fourth, neighbours.mean(), examples.mean()]) * np.sqrt(x.size)


@pytest.mark.parametrize("kind", UNITS)
def test_inputs_are_functions_of_key_and_example(kind):
    many = draw_inputs(kind, key=5, count=40, n=23)
    assert many.dtype == (np.int8 if kind == "binary" else np.int16)
    np.testing.assert_array_equal(draw_inputs(kind, key=5, count=13, n=23), many[:13])
    assert not np.array_equal(draw_inputs(kind, key=6, count=40, n=23), many)
    assert len(np.unique(many, axis=0)) == 40
    large = draw_inputs(kind, key=5, count=33, n=1 << 17)  # in pieces of whole examples, or by compiled code
    assert large.size > LARGE
    np.testing.assert_array_equal(draw_inputs(kind, key=5, count=3, n=1 << 17), large[:3])


def test_gaussian_inputs_have_gaussian_moments():
    x = draw_inputs("gaussian", 3, P, N) * UNIT
    assert np.abs(moments(x)).max() < 4
    assert np.abs(moments(1.03 * x))[1] > 4 and np.abs(moments(x + 0.03))[0] > 4
    assert np.abs(moments(np.repeat(x[:, ::2], 2, 1)))[3] > 4
    assert np.abs(moments(draw_inputs("binary", 3, P, N)))[2] > 4, "witness: other inputs have another fourth moment"


def test_binary_inputs_have_their_moments():
    x = draw_inputs("binary", 3, P, N).astype(float)
    assert set(np.unique(x)) == {-1, 1} and np.abs(moments(x)[[0, 3, 4]]).max() < 4


def test_no_ising_weights_have_a_zero_field_on_gaussian_inputs():
    x = draw_inputs("gaussian", 3, 20_000, 10).astype(int)
    assert (x.sum(1) % 2 == 1).all()
    w = np.random.default_rng(0).choice([-1, 1], (200, 10))
    assert (x @ w.T != 0).all()
    moved = (x - np.eye(10, dtype=int)[0] * (x.sum(1) % 2)[:, None]) @ w.T
    assert (moved == 0).sum() > 100, "witness: fields of even sums are often zero"
    first = x[:, 0] * UNIT
    assert abs(first.mean()) < 4 / np.sqrt(first.size) and abs(first.var() - 1) < 4 * np.sqrt(2 / first.size)


def test_teachers_are_normalised_and_uniform():
    for n in (2, 9, 1000):
        ising, sphere = draw_weights("ising", 4, n), draw_weights("spherical", 4, n)
        assert set(np.abs(ising)) == {1.0} and sphere @ sphere == pytest.approx(n, rel=1e-14)
    B = np.array([draw_weights("spherical", key, 3) for key in range(2000)]) / np.sqrt(3)
    assert np.abs(B.mean(0)).max() < 4 / np.sqrt(3 * 2000)
    for cosine in B.T:  # Archimedes: a coordinate is uniform on [-1, 1]
        histogram = np.histogram(cosine, 10, (-1, 1))[0]
        assert ((histogram - 200) ** 2 / 200).sum() < 27.9  # chi^2, 9 degrees, 1e-3
    signs = np.array([draw_weights("ising", key, 50) for key in range(500)])
    assert abs(signs.mean()) < 4 / np.sqrt(signs.size)


def test_a_spherical_teacher_has_no_zero_field():
    x = np.array(np.meshgrid(*[[-1, 1]] * 9)).reshape(9, -1)  # all binary inputs
    B = np.array([draw_weights("spherical", key, 9) for key in range(40)])
    assert np.abs(B @ x).min() > 0
    assert (np.rint(256 * B).astype(int) @ x == 0).any(), "witness: teachers in multiples of 1/256 have"


def test_label_uniforms_are_nested_and_independent_of_relabelling():
    u, z = draw_uniforms(7, 4000, 0)
    short = draw_uniforms(7, 100, 0)
    np.testing.assert_array_equal(short[0], u[:100])
    np.testing.assert_array_equal(short[1], z[:100])
    draws = [u, draw_uniforms(7, 4000, 1)[0], draw_uniforms(7, 4000, 2)[0], draw_uniforms(8, 4000, 0)[0]]
    correlation = np.corrcoef([*draws, z, draw_uniforms(7, 4000, 1)[1]])
    assert np.abs(correlation[~np.eye(6, dtype=bool)]).max() < 4.5 / np.sqrt(4000)
    for v in draws:
        assert abs(v.mean() - 0.5) < 4 / np.sqrt(12 * 4000) and 0 < v.min() < v.max() < 1
    assert abs(z.mean()) < 4 / np.sqrt(4000) and abs(z.var() - 1) < 4 * np.sqrt(2 / 4000)


RNG = np.random.default_rng(1)
X, Y = RNG.normal(3, 2, (40, 6)), RNG.integers(0, 3, 40)


def rows_of(data, key, count):
    """Which examples of the data a sample takes and holds out, found by their inputs."""
    x, t, held, own = data.draw(key, count)
    index = {row.tobytes(): k for k, row in enumerate(data._arrays[0])}
    assert len(index) == len(data._arrays[0])
    return [index[row.tobytes()] for row in x], [index[row.tobytes()] for row in held], t, own


def test_every_sample_takes_data_in_its_own_order_and_holds_out_the_rest():
    data = Data(X, Y > 0, held_out=0.25)
    assert data.n == 6 and data.count == 30
    taken, held, t, own = rows_of(data, 5, 30)
    assert sorted(taken + held) == list(range(40)) and len(held) == 10
    np.testing.assert_array_equal(t, np.where(Y[taken] > 0, 1, -1))
    np.testing.assert_array_equal(own, np.where(Y[held] > 0, 1, -1))
    few, same, _, _ = rows_of(data, 5, 7)
    assert few == taken[:7] and same == held, "nested in the load, and one held-out set for all loads"
    assert rows_of(data, 5, 30)[:2] == (taken, held)
    other = rows_of(data, 6, 30)
    assert other[0] != taken and sorted(other[1]) != sorted(held)


def test_given_test_examples_are_held_out_and_all_others_train():
    data = Data(X[:30], Y[:30] > 0, test_inputs=X[30:], test_labels=Y[30:] > 0)
    assert data.count == 30
    taken, _, _, _ = data.draw(1, 30)
    _, _, held, own = data.draw(2, 5)
    np.testing.assert_array_equal(np.sort(taken, 0), np.sort(data._arrays[0], 0))
    size = np.sqrt(((X[:30] - X[:30].mean(0)) ** 2).mean())
    np.testing.assert_array_equal(held, np.rint((X[30:] - X[:30].mean(0)) / size * 256))  # training data decide
    np.testing.assert_array_equal(own, np.where(Y[30:] > 0, 1, -1))


def test_standardised_inputs():
    x = Data(X * [1, 2, 3, 4, 5, 6])._arrays[0] * UNIT
    assert np.abs(x.mean(0)).max() < UNIT / 2 and (x**2).mean() == pytest.approx(1, abs=UNIT)
    assert x.std(0).max() > 2 * x.std(0).min(), "all features are divided by one number"
    plain = Data(X, standardise=False)._arrays[0]
    np.testing.assert_array_equal(plain, np.rint(X * 256))
    assert plain.dtype == np.int16 and np.abs(plain * UNIT - X).max() <= UNIT / 2
    np.testing.assert_array_equal(Data(X * 17 - 4)._arrays[0], Data(X)._arrays[0])


def test_classes_choose_examples_and_signs():
    data = Data(X, Y, classes=(2, 0))
    x, t, _, _ = data._arrays
    assert len(x) == (Y != 1).sum()
    np.testing.assert_array_equal(t, np.where(Y[Y != 1] == 0, 1, -1))
    np.testing.assert_array_equal(Data(X, Y, classes=(0, 2))._arrays[1], -t)
    chosen = X[Y != 1]
    size = np.sqrt(((chosen - chosen.mean(0)) ** 2).mean())
    np.testing.assert_array_equal(x, np.rint((chosen - chosen.mean(0)) / size * 256))  # the others have no say


@pytest.mark.parametrize("labels", [Y > 0, (Y > 0) * 2 - 1, (Y > 0) + 3.0, np.where(Y > 0, "yes", "no")])
def test_the_larger_of_two_label_values_is_plus_one(labels):
    np.testing.assert_array_equal(Data(X, labels)._arrays[1], np.where(Y > 0, 1, -1))


def test_images_are_flattened_and_bytes_are_numbers():
    images = RNG.integers(0, 256, (20, 4, 5)).astype(np.uint8)
    data = Data(images, np.arange(20) % 2)
    assert data.n == 20
    np.testing.assert_array_equal(data._arrays[0], Data(images.reshape(20, -1).astype(float))._arrays[0])


def test_largest_field_bounds_every_field():
    data = Data(X, Y > 0)
    w = np.array(np.meshgrid(*[[-1, 1]] * 6)).reshape(6, -1)
    assert np.abs(data._arrays[0].astype(int) @ w).max() == data.largest


def test_data_of_a_model_are_part_of_its_keys():
    one, two = Perceptron(inputs=Data(X, Y > 0)), Perceptron(inputs=Data(X + np.eye(40, 6), Y > 0))
    again = Perceptron(inputs=Data(X.copy(), Y > 0))
    assert one.disorder_keys((0,), 1) == again.disorder_keys((0,), 1) != two.disorder_keys((0,), 1)
    assert one.n == 6 and one.P == 6
