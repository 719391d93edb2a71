"""The condition of a row's gradient: what one relative rounding of each prediction can do to it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate

from flint import arb, arb_mat

from ceconform.oracle.tape import Derivatives

__all__ = ["curvature"]

Vector = Mapping[int, arb]
_ZERO = arb(0)


def curvature(
    loss: Derivatives, totals: list[dict[int, arb]], size: Mapping[int, arb], pivot: int | None
) -> dict[int, arb]:
    """Σ_j |x_j H_ij| for each class i, where H holds the second derivatives and size |x_j|.

    With a `pivot` the derivatives are by the differences x_j - x_pivot.
    """
    if not loss.mixed and not loss.totals:
        sums: Vector = loss.diagonal
        reach = {c: size[c] * abs(d) for c, d in sums.items()}
    else:
        classes = sorted({c for vector in totals for c in vector} | loss.diagonal.keys() | loss.gradient.keys())
        diagonal = {c: loss.diagonal.get(c, _ZERO) for c in classes}
        bend = loss.totals.get((1, 1), _ZERO)
        if not loss.mixed and len(totals) == 1:
            reach, sums = _rank_one(diagonal, totals[0], bend, size)
        elif len(totals) == 1 and not any(totals[0].get(c, _ZERO).contains(0) for c in classes):
            reach, sums = _rank_two(diagonal, totals[0], loss.mixed[1], bend, size)
        else:
            reach, sums = _dense(diagonal, _factors(loss, totals, classes), size)
    if pivot is None:
        return reach
    reach = {c: r + abs(size[pivot] * sums[c]) for c, r in reach.items()}
    reach[pivot] = sum((size[c] * abs(s) for c, s in sums.items()), _ZERO) + size[pivot] * abs(
        sum(sums.values(), _ZERO)
    )
    return reach


def _rank_one(diagonal: Vector, g: Vector, bend: arb, size: Vector) -> tuple[dict[int, arb], dict[int, arb]]:
    """H = diag(D) + S G Gᵀ: linear in the number of classes."""
    reached = {c: size[c] * abs(g[c]) for c in g}
    every, total = sum(reached.values(), _ZERO), sum(g.values(), _ZERO)
    reach, sums = {}, {}
    for c, d in diagonal.items():
        at = bend * g.get(c, _ZERO)
        own = at * g.get(c, _ZERO)
        reach[c] = abs(at) * (every - reached.get(c, _ZERO)) + size[c] * abs(d + own)
        sums[c] = d + at * total
    return reach, sums


def _rank_two(diagonal: Vector, g: Vector, b: Vector, bend: arb, size: Vector) -> tuple[dict[int, arb], dict[int, arb]]:
    """H = diag(D) + B Gᵀ + G Bᵀ + S G Gᵀ, and no G is 0: sorting takes longest.

    Beside the diagonal H_ij = G_i G_j (u_i + u_j) with u = B / G + S / 2. In the order of u, those that are less than
    -u_i come first, so that Σ_j |x_j G_j| |u_i + u_j| is made of sums that are taken once. The few whose sign is in
    doubt are looked at one by one.
    """
    u = {c: b.get(c, _ZERO) / g[c] + bend / 2 for c in diagonal}
    weight = {c: size[c] * abs(g[c]) for c in diagonal}
    order = sorted(diagonal, key=lambda c: u[c].mid())
    middles = [u[c].mid() for c in order]
    doubt = 2 * max(x.rad() for x in u.values())
    weights = _partial(weight[c] for c in order)
    moments = _partial(weight[c] * u[c] for c in order)
    every, through = sum(g.values(), _ZERO), sum(b.values(), _ZERO)
    reach, sums = {}, {}
    for c, d in diagonal.items():
        low = bisect_left(middles, -u[c].mid() - doubt)
        high = bisect_right(middles, doubt - u[c].mid())
        near = sum((weight[i] * abs(u[c] + u[i]) for i in order[low:high]), _ZERO)
        above = u[c] * (weights[-1] - weights[high]) + moments[-1] - moments[high]
        below = u[c] * weights[low] + moments[low]
        own = 2 * u[c] * g[c] * g[c]
        reach[c] = abs(g[c]) * (above - below + near) - size[c] * abs(own) + size[c] * abs(d + own)
        sums[c] = d + g[c] * (through + bend * every) + b.get(c, _ZERO) * every
    return reach, sums


def _partial(numbers: Iterable[arb]) -> list[arb]:
    """The sums of the first none, one, two, … of these numbers."""
    return list(accumulate(numbers, initial=_ZERO))


def _factors(loss: Derivatives, totals: list[dict[int, arb]], classes: list[int]) -> list[tuple[list[arb], list[arb]]]:
    """Pairs (l, r) of vectors with H = diag(D) + Σ l rᵀ: B_m G_mᵀ and G_m (B_m + Σ_n S_mn G_n)ᵀ."""
    pairs = []
    dense = {m: [vector.get(c, _ZERO) for c in classes] for m, vector in enumerate(totals, 1)}
    for m, g in dense.items():
        right = [_ZERO] * len(classes)
        if m in loss.mixed:
            b = [loss.mixed[m].get(c, _ZERO) for c in classes]
            pairs.append((b, g))
            right = b
        for n, other in dense.items():
            bend = loss.totals.get((min(m, n), max(m, n)))
            if bend is not None:
                right = [r + bend * x for r, x in zip(right, other, strict=True)]
        pairs.append((g, right))
    return pairs


def _dense(
    diagonal: Vector, pairs: list[tuple[list[arb], list[arb]]], size: Vector
) -> tuple[dict[int, arb], dict[int, arb]]:
    """Every entry of H in turn, a row at a time: quadratic in the number of classes."""
    classes = list(diagonal)
    sizes = arb_mat([[size[c]] for c in classes])
    right = arb_mat([[*r, sum(r, _ZERO)] for _, r in pairs])  # and for each row of H its sum
    reach, sums = {}, {}
    for i, c in enumerate(classes):
        *row, total = (arb_mat([[left[i] for left, _ in pairs]]) * right).entries()
        row[i] = row[i] + diagonal[c]
        reach[c] = (arb_mat([[*map(abs, row)]]) * sizes)[0, 0]
        sums[c] = total + diagonal[c]
    return reach, sums
