"""Stochastic gradient descent with momentum, weight decay and max-norm, on stacked parameters."""

from __future__ import annotations

from dataclasses import dataclass

from statmech.networks.mlp import Tensors


@dataclass(frozen=True)
class Descent:
    """v <- momentum v + (g + weight_decay w);  w <- w - learning_rate v.

    Weight decay and max-norm act on weights, not on biases and gains.  max_norm: the incoming weights of every unit are
    scaled back to this length when they are longer (Srivastava et al., JMLR 15, 1929 (2014)).

    Example: ``Descent(learning_rate=0.1).momentum == 0``
    """

    learning_rate: float
    momentum: float = 0.0
    weight_decay: float = 0.0
    max_norm: float | None = None

    def step(self, w: Tensors, v: Tensors, gradient: Tensors) -> None:
        """One step, in place.  gradient: arrays like w, or a pair (d, h) for d^T h; v is empty without momentum."""
        for name, g in gradient.items():
            p = w[name]
            decay = self.weight_decay if p.ndim > 2 else 0.0
            if self.momentum:
                b = v[name]
                if isinstance(g, tuple):
                    b.baddbmm_(g[0].transpose(1, 2), g[1], beta=self.momentum)
                else:
                    b.mul_(self.momentum).add_(g)
                if decay:
                    b.add_(p, alpha=decay)
                p.sub_(b, alpha=self.learning_rate)
            else:
                keep = 1.0 - self.learning_rate * decay
                if isinstance(g, tuple):
                    p.baddbmm_(g[0].transpose(1, 2), g[1], beta=keep, alpha=-self.learning_rate)
                else:
                    if decay:
                        p.mul_(keep)
                    p.sub_(g, alpha=self.learning_rate)
            if self.max_norm is not None and p.ndim > 2:
                rows = p.flatten(2)
                length = rows.norm(dim=2, keepdim=True)
                rows.mul_((self.max_norm / length.clamp(min=1e-12)).clamp(max=1.0))
