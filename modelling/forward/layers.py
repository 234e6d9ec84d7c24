"""The layers of torch that the networks have, over numpy arrays and as they are when nothing is trained. tests/test_forward.py holds them to torch's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from modelling.arrays import Floats

EPSILON = 1e-5
HALF, ROOT = np.float32(0.5), np.float32(0.5**0.5)


@dataclass(frozen=True)
class Linear:
    """weight (out, in), bias (out)."""

    weight: Floats
    bias: Floats

    def __call__(self, x: Floats) -> Floats:
        out: Floats = x @ self.weight.T
        out += self.bias
        return out


@dataclass(frozen=True)
class LayerNorm:
    """Each row to mean 0 and variance 1, then scaled and shifted."""

    weight: Floats
    bias: Floats

    def __call__(self, x: Floats) -> Floats:
        about = x - x.mean(axis=1, keepdims=True)
        variance = np.square(about).mean(axis=1, keepdims=True)
        return np.asarray(about / np.sqrt(variance + EPSILON) * self.weight + self.bias)


@dataclass(frozen=True)
class BatchNorm:
    """Each column by the mean and variance that training kept, then scaled and shifted."""

    weight: Floats
    bias: Floats
    running_mean: Floats
    running_var: Floats

    def __call__(self, x: Floats) -> Floats:
        return np.asarray((x - self.running_mean) / np.sqrt(self.running_var + EPSILON) * self.weight + self.bias)


@dataclass(frozen=True)
class Chain:
    """One layer after another."""

    layers: tuple[Callable[[Floats], Floats], ...]

    def __call__(self, x: Floats) -> Floats:
        for layer in self.layers:
            x = layer(x)
        return x


def unchanged(x: Floats) -> Floats:
    """Dropout, when nothing is trained."""
    return x


def leaky_relu(x: Floats) -> Floats:
    """The published slope, .2 below zero."""
    return np.where(x > 0, x, x * np.float32(0.2))


def relu(x: Floats) -> Floats:
    """What is above zero."""
    return np.maximum(x, 0)


def sigmoid(x: Floats) -> Floats:
    """Between 0 and 1; of a logarithm's size only what float32 can hold."""
    return np.asarray(1 / (1 + np.exp(-x.clip(-80, 80))))


def gelu(x: Floats) -> Floats:
    """x times the normal distribution function at x."""
    return np.asarray(HALF * x * (1 + erf(x * ROOT)))


def erf(x: Floats) -> Floats:
    """The error function to 1.5e-7, float32's own accuracy (Abramowitz and Stegun 1964, 7.1.26); importing scipy's takes longer than it saves."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    tail = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * np.exp(-np.square(x))
    return np.asarray(np.copysign(1 - tail, x))
