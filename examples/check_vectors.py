"""Check a loss of your own against the exported corpus, with nothing but Python's standard library.

    ceconform export vectors --loss binary_cross_entropy_with_logits
    python examples/check_vectors.py vectors                       # the careful loss below: all is right
    python examples/check_vectors.py vectors --loss textbook       # log(1 + exp(z)) as books have it: much is not

cases/VECTORS.md says what the files hold. A reader in another language needs what stands here, and no more.
"""

from __future__ import annotations

import argparse
import json
import math
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LARGEST = 709.0
"""Beyond it exp overflows."""
SMALLEST = 700.0
"""Below minus it exp nears the subnormal numbers."""

# --- the loss under test ----------------------------------------------------------------------


def careful(z: float, weight: float) -> tuple[float, float]:
    """Softplus and sigmoid of a logit, weighted, without an overflow or a cancellation."""
    half = math.exp(-abs(z) / 2)
    if z < -SMALLEST:  # both are exp(z), which has few bits left unless it is weighed in between
        return (weight * half * half,) * 2
    small = half * half
    return weight * (max(z, 0.0) + math.log1p(small)), weight * ((1.0 if z >= 0 else small) / (1.0 + small))


def textbook(z: float, weight: float) -> tuple[float, float]:
    """As books have them: the logarithm loses what is small, the exponential overflows."""
    big = math.exp(z) if z < LARGEST else math.inf
    return weight * math.log(1.0 + big), weight * (big / (1.0 + big))


def binary_cross_entropy_with_logits(
    logits: list[float], labels: list[float], weights: dict[str, list[float]], stated: dict[str, Any], form: Any
) -> tuple[list[float], list[float]]:
    """Value and gradient: weights lie one beside each logit, `form` gives softplus and sigmoid, weighted."""
    smoothing, reduction = stated.get("label_smoothing", 0.0), stated.get("reduction", "none")
    base = stated.get("base", math.e)
    valid = 0 <= smoothing <= 1 and base > 0 and base != 1
    scale = 1.0 if base == math.e else 1.0 / math.log(base) if valid else math.nan
    losses, gradients = [], []
    for z, label, w, s in zip(logits, labels, weights["pos_weight"], weights["sample_weight"], strict=True):
        t = (1 - smoothing) * label + smoothing / 2
        if s == 0:
            loss = gradient = 0.0
        elif valid and 0 <= label <= 1 and 0 < s < math.inf and 0 <= w < math.inf:
            (right, above), (wrong, below) = form(-z, s), form(z, s)
            yes, no = w * t, 1 - t  # a term without weight is 0, whatever the logit is
            loss = (yes * right if yes else 0.0) + (no * wrong if no else 0.0)
            gradient = (no * below if no else 0.0) - (yes * above if yes else 0.0)
        else:
            loss = gradient = math.nan
        losses.append(loss * scale)
        gradients.append(gradient * scale)
    if reduction == "none":
        return losses, gradients
    counts = {"sum": 1.0, "mean": float(len(losses)), "weighted_mean": math.fsum(weights["sample_weight"])}
    n = counts[reduction]  # another word is a KeyError
    return [add(x / n for x in losses) if n else math.nan], [x / n if x else 0.0 for x in gradients]


# --- the reader -------------------------------------------------------------------------------


def add(numbers: Any) -> float:
    """Add up without rounding."""
    try:
        return math.fsum(numbers)
    except OverflowError:
        return math.inf


def listed(array: dict[str, Any]) -> list[float]:
    """The numbers of an array, flat."""
    if "generator" in array:
        return list(flat(generated(array["generator"])))
    return [float.fromhex(text) for text in array["hex"]] if "hex" in array else [float(v) for v in array["values"]]


def flat(nested: Any) -> Iterator[float]:
    """In row-major order."""
    for each in nested if isinstance(nested, list) else ():
        yield from flat(each)
    if not isinstance(nested, list):
        yield float.fromhex(nested) if isinstance(nested, str) else float(nested)


def generated(what: Any) -> Any:
    """A description as nested lists, as cases/README.md defines the generators."""
    if isinstance(what, list):
        return [generated(each) for each in what]
    if not isinstance(what, dict):
        return float.fromhex(what) if isinstance(what, str) else what
    ((name, body),) = what.items()
    if name == "linspace":
        start, stop, count = generated(body[0]), generated(body[1]), body[2]
        return [start + i * (stop - start) / (count - 1) for i in range(count)]
    if name == "repeat":
        return [generated(body[0])] * body[1]
    if name == "concat":
        return [each for part in body for each in generated(part)]
    low, width, bits = body["low"], body["high"] - body["low"], body.get("bits")
    numbers = []
    for k in range(math.prod(body["shape"])):
        h = (body["seed"] + (k + 1) * 0x9E3779B97F4A7C15) % 2**64
        h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        h = (h ^ (h >> 27)) * 0x94D049BB133111EB % 2**64
        h ^= h >> 31
        if name == "integers":
            numbers.append(low + (width * (h >> 32) >> 32))
        else:
            numbers.append(low + width * (2 * (h >> (64 - bits)) + 1) / 2 ** (bits + 1))
    for size in reversed(body["shape"][1:]):
        numbers = [numbers[i : i + size] for i in range(0, len(numbers), size)]
    return numbers


def broadcast(array: dict[str, Any] | None, shape: list[int]) -> list[float]:
    """Weights, one for each element; no axis of the predictions grows."""
    if array is None:
        return [1.0] * math.prod(shape)
    numbers, own = listed(array), array["shape"]
    own = [1] * (len(shape) - len(own)) + own
    if len(own) > len(shape) or any(size not in (1, wanted) for size, wanted in zip(own, shape, strict=True)):
        raise ValueError(f"expected weights that broadcast to {shape}, got {array['shape']}")
    places = [0]
    for size, wanted in zip(own, shape, strict=True):
        places = [place * size + (i if size > 1 else 0) for place in places for i in range(wanted)]
    return [numbers[place] for place in places]


def narrowed(number: float, dtype: str) -> float:
    """A binary64 result in the dtype of the question."""
    try:
        return struct.unpack("f", struct.pack("f", number))[0] if dtype == "float32" else number
    except OverflowError:
        return math.copysign(math.inf, number)


def within(got: float, right: float, bound: float, *, exactly: bool) -> bool:
    """Infinities, NaN and an exact zero must be met; other numbers within the bound."""
    if exactly or not math.isfinite(right):
        return got == right or (math.isnan(got) and math.isnan(right))
    return abs(got - right) <= bound


def misses(got: list[float], answer: dict[str, Any], head: dict[str, Any], terms: int) -> list[str]:
    """What is wrong with an answer."""
    if len(got) != math.prod(answer["shape"]):
        return [f"got {len(got)} numbers, wanted the shape {answer['shape']}"]
    tiny, found = float.fromhex(head["smallest_subnormal"]), []
    unit = (8 + math.log2(max(terms, 1))) * float.fromhex(head["eps"])
    places = answer.get("at", range(len(got)))
    stated = zip(places, answer["hex"], answer["decimal"], answer["condition"], strict=True)
    for place, text, decimal, condition in stated:
        right, scale = float.fromhex(text), float(condition)
        bound = unit * (scale if math.isfinite(scale) else abs(right)) + tiny
        if not within(got[place], right, bound, exactly=decimal == "0"):
            found.append(f"at {place}: got {got[place]!r}, wanted {right!r}")
    overflows = "inf" in answer["hex"] or "-inf" in answer["hex"]
    for name, numbers in (("sum", got), ("absolute_sum", map(abs, got))):
        if name in answer and not overflows:
            total, right = math.fsum(numbers), float.fromhex(answer[name]["hex"])
            each = unit + float.fromhex(head["eps"])  # the exact numbers were rounded as well
            bound = each * float(answer[name]["condition"]) + 2 * tiny * len(got)
            if not within(total, right, bound, exactly=False):
                found.append(f"{name}: got {total!r}, wanted {right!r}")
    return found


def ask(case: dict[str, Any], form: Any) -> tuple[list[float], list[float]]:
    """Put a question to the loss under test."""
    stated, shape = case["parameters"], case["predictions"]["shape"]
    if case["labels"]["shape"] != shape:
        raise ValueError(f"expected labels of the shape {shape}, got {case['labels']['shape']}")
    weights = {name: broadcast(stated.get(name), shape) for name in ("pos_weight", "sample_weight")}
    scalars = {name: float.fromhex(stated[name]["hex"]) for name in ("label_smoothing", "base") if name in stated}
    scalars |= {"reduction": stated.get("reduction", "none")}
    logits, labels = listed(case["predictions"]), listed(case["labels"])
    losses, gradients = binary_cross_entropy_with_logits(logits, labels, weights, scalars, form)
    factors = listed(case["cotangent"]) if case["cotangent"] else [1.0] * len(gradients)
    return losses, [c * gradient if c else 0.0 for c, gradient in zip(factors, gradients, strict=True)]


def check(case: dict[str, Any], head: dict[str, Any], form: Any) -> str | list[str]:
    """`right`, `unsupported`, or what is wrong."""
    if case["activation"] or case["gradient_by"] != "predictions":
        return "unsupported"
    expected = case["expected"]
    try:
        found = ask(case, form)
    except (KeyError, ValueError) as error:
        return "right" if "error" in expected or "invalid" in expected else [f"raised {error!r}"]
    if "error" in expected:
        return [f"wanted an error of the {expected['error']}, got {found[0][:4]}"]
    wrong = []
    for part, numbers in zip(("loss", "gradient"), found, strict=True):
        answer = [narrowed(x, head["dtype"]) for x in numbers]
        wrong += [f"{part} {miss}" for miss in misses(answer, expected[part], head, expected["terms"])]
    return wrong or "right"


def main() -> int:
    """Check float64, and float32 as binary64 rounded once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="What `ceconform export` wrote.")
    parser.add_argument("--loss", choices=["careful", "textbook"], default="careful")
    given = parser.parse_args()
    form = {"careful": careful, "textbook": textbook}[given.loss]
    failed = 0
    for dtype in ("float64", "float32"):
        path = given.folder / "binary_cross_entropy_with_logits" / f"{dtype}.json"
        head = json.loads(path.read_text(encoding="utf-8"))
        answers = {case["id"]: check(case, head, form) for case in head.pop("cases")}
        for case, wrong in answers.items():
            if isinstance(wrong, list):
                print(f"{case} {dtype} {wrong[0]}")
        counts = Counter("wrong" if isinstance(answer, list) else answer for answer in answers.values())
        print(f"{dtype}: " + ", ".join(f"{count} {word}" for word, count in sorted(counts.items())))
        failed += counts["wrong"]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
