"""The condition of a row's gradient: what one relative rounding of each prediction can do to it."""

from __future__ import annotations

from collections.abc import Mapping

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
        if not loss.mixed and len(totals) == 1:
            reach, sums = _rank_one(diagonal, totals[0], loss.totals[1, 1], size)
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
