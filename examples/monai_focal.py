"""MONAI's focal losses as an adapter: two losses of one library, and what it documents.

ceconform run monai_focal:Monai
"""

from __future__ import annotations

from collections.abc import Iterator

from ceconform.adapters import Adapter, Dialect, Question, Source, Unsupported, spell


class Monai(Adapter):
    """`FocalLoss` has its channels on axis 1, and a loss for each of them."""

    name = distribution = "monai"
    conventions = {"categorical_focal_loss_with_logits": ("divide-by-elements",)}  # noqa: RUF012 - read only
    dialect = Dialect(
        imports="import torch\nfrom monai.losses import FocalLoss",
        array="torch.tensor({values}, dtype=torch.{dtype}, device={device!r})",
        gradient="{x}.requires_grad_()\nloss = {expression}\n(gradient,) = torch.autograd.grad(loss.sum(), {x})",
        show="print({name}.tolist())",
    )

    def binary_focal_loss_with_logits(self, q: Question) -> Iterator[Source]:
        """A vector is a batch of one channel."""
        q.only("gamma", "alpha")
        focal = spell("FocalLoss", gamma=q.get("gamma"), alpha=q.get("alpha"), reduction=q.reduction)
        if not q.ndim:
            raise Unsupported("FocalLoss has no loss of a scalar")
        wide, back = ("", "") if q.ndim > 1 else ("[:, None]", "[:, 0]" if q.reduction == "none" else "")
        yield Source(f"{focal}({q.x}{wide}, {q.labels}{wide}){back}").by("FocalLoss")

    def categorical_focal_loss_with_logits(self, q: Question) -> Iterator[Source]:
        """With one number as `alpha`, the first class would be the background."""
        q.only("gamma", "alpha")
        if q.reduction == "none" or q.axis not in {1, 1 - q.ndim} or isinstance(q.get("alpha"), float | int):
            raise Unsupported("FocalLoss has a loss for each class, on axis 1, and the first one is the background")
        keywords = {"gamma": q.get("gamma"), "alpha": q.get("alpha"), "reduction": q.reduction}
        yield Source(f"{spell('FocalLoss', use_softmax=True, **keywords)}({q.x}, {q.labels})").by("FocalLoss(softmax)")
