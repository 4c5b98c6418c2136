"""Fréchet distance of two clouds of features, each taken as a Gaussian.

Source: Dowson and Landau, J. Multivariate Analysis 1982; for pictures Heusel et al., NeurIPS 2017.
"""

import numpy as np


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """|m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^½), 0 for clouds of one mean and covariance.

    (N, D) and (M, D), N and M at least 2, in any units -> those units squared. With fewer features than dimensions the
    covariance has no full rank and the figure grows with 1 / N: compare at equal N. Raises ValueError otherwise.
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1] or min(len(first), len(second)) < 2:
        raise ValueError(f"expected (N, D) and (M, D), N and M at least 2, got {first.shape} and {second.shape}")
    first, second = first.astype(np.float64), second.astype(np.float64)
    gap = first.mean(0) - second.mean(0)
    c1, c2 = (np.atleast_2d(np.cov(cloud, rowvar=False)) for cloud in (first, second))
    root = _root(c1)
    # C1 C2 has the eigenvalues of the symmetric C1^½ C2 C1^½, whose root is real and stable.
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(root @ c2 @ root), 0, None)).sum()
    return max(0.0, float(gap @ gap + np.trace(c1) + np.trace(c2) - 2 * shared))


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
