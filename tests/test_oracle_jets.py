"""Jets against finite differences, the tape and the condition against a dense matrix."""

from __future__ import annotations

import mpmath as mp
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from ceconform.oracle.condition import _dense, _rank_two, curvature
from ceconform.oracle.jets import Jet, exp, expm1, log, log1p, power, value_of
from ceconform.oracle.tape import Tape

FUNCTIONS = {
    "exp": (exp, mp.exp),
    "expm1": (expm1, mp.expm1),
    "log": (log, mp.log),
    "log1p": (log1p, mp.log1p),
    "power": (lambda x: power(x, 2.5), lambda x: x ** mp.mpf(2.5)),
    "cube": (lambda x: power(x, 3), lambda x: x**3),
    "inverse": (lambda x: 2 / x, lambda x: 2 / x),
    "quotient": (lambda x: x * x / (1 + x), lambda x: x * x / (1 + x)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@given(x=st.floats(min_value=0.01, max_value=20))
def test_two_derivatives_of_a_function(name, x):
    """A jet's coefficients are the value, the derivative and half the second derivative."""
    ours, theirs = FUNCTIONS[name]
    jet = ours(Jet(arb(x)))
    with mp.workdps(40):
        expected = mp.taylor(theirs, mp.mpf(x), 2)
    found = [jet.value, jet.first[0], jet.second.get((0, 0), arb(0))]
    assert [float(c) for c in expected] == pytest.approx([float(c.mid()) for c in found], rel=1e-12, abs=1e-12)
    assert float(value_of(ours(arb(x))).mid()) == pytest.approx(float(expected[0]), rel=1e-12)


def _loss(tape, xs, dense):
    """Σ x_c · log(Σ e^x) · w_c + log(Σ x²): a loss through two totals, with mixed terms if `dense`."""
    variables = {c: tape.variable(arb(x)) for c, x in enumerate(xs)}
    whole = tape.total({c: exp(x) for c, x in variables.items()})
    if not dense:
        return [(0, log(whole))]
    squares = tape.total({c: x * x / whole for c, x in variables.items()})
    return [(c, x * log(whole) * (c + 1) + x * squares) for c, x in variables.items()]


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("pivot", [None, 3])
def test_the_curvature_is_that_of_the_whole_matrix(dense, pivot):
    """The low-rank form gives Σ_j |x_j H_ij|, and with a pivot that of the differences' matrix."""
    xs = [0.5, -1.25, 2.0]
    tape = Tape(derivatives=True)
    loss, totals = tape.derive(_loss(tape, xs, dense))
    size = {0: arb(0.5), 1: arb(1.25), 2: arb(2), 3: arb(7)}

    def plain(*zs):
        whole = mp.fsum(mp.exp(z) for z in zs)
        if not dense:
            return mp.log(whole)
        squares = mp.fsum(z * z for z in zs) / whole
        return mp.fsum(z * mp.log(whole) * (c + 1) + z * squares for c, z in enumerate(zs))

    def shifted(*zs):
        return plain(*(z - zs[3] for z in zs[:3]))

    function, at = (plain, xs) if pivot is None else (shifted, [*xs, 0.0])
    n = len(at)
    with mp.workdps(40):
        for i in range(n):
            reach = mp.mpf(0)
            for j in range(n):
                orders = tuple(int(k == i) + int(k == j) for k in range(n))
                reach += abs(mp.mpf(float(size[j].mid())) * mp.diff(function, tuple(at), orders))
            found = curvature(loss, totals, size, pivot)[i]
            assert float(found.mid()) == pytest.approx(float(reach), rel=1e-12)


SMALL = st.integers(min_value=-3, max_value=3)


@given(
    rows=st.lists(st.tuples(SMALL, SMALL.filter(bool), SMALL, SMALL, st.booleans()), min_size=1, max_size=6),
    bend=SMALL,
)
def test_sorting_gives_the_sums_over_the_whole_matrix(rows, bend):
    """Σ_j |x_j H_ij| and Σ_j H_ij of H = diag(D) + B Gᵀ + G Bᵀ + S G Gᵀ, also where signs are in doubt, as 0's is."""
    diagonal, g, b, size = ({c: arb(row[at]) for c, row in enumerate(rows)} for at in range(4))
    b = {c: x + arb(0, 1e-9) if row[4] else x for (c, x), row in zip(b.items(), rows, strict=True)}
    size = {c: abs(x) for c, x in size.items()}
    left, right = ([vector[c] for c in diagonal] for vector in (b, g))
    pairs = [(left, right), (right, [x + bend * y for x, y in zip(left, right, strict=True)])]
    for ours, theirs in zip(_rank_two(diagonal, g, b, arb(bend), size), _dense(diagonal, pairs, size), strict=True):
        assert all(ours[c].overlaps(theirs[c]) and ours[c].rad() < 1e-6 for c in diagonal)
