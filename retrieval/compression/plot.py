"""A picture of what was measured, as SVG: recall of the worst language against the bytes of a vector."""

from __future__ import annotations

import math
from html import escape

from .measuring import Measured, Option

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 760, 440, 70, 60, 50, 110
_COLOURS = {"none": "#0072b2", "int8": "#d55e00", "binary": "#009e73"}  # Okabe and Ito: told apart by everyone


def svg(measured: Measured) -> str:
    """An SVG document; bytes on a logarithmic scale."""
    sizes = [option.vector_bytes for option in measured.options]
    low, high = math.log2(min(sizes)), math.log2(max(sizes))
    floor = math.floor(min(option.worst for option in measured.options) * 10) / 10

    def x(size: float) -> float:
        return _LEFT + (math.log2(size) - low) / (high - low or 1) * (_WIDTH - _LEFT - _RIGHT)

    def y(recall: float) -> float:
        return _HEIGHT - _BOTTOM - (recall - floor) / (1 - floor or 1) * (_HEIGHT - _BOTTOM - _TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif" '
        'font-size="12"><rect width="100%" height="100%" fill="white"/>',
        f'<text x="{_LEFT}" y="26" font-size="15">{escape(measured.model)}: recall@10 of the worst language, '
        f"{measured.passages:,} passages</text>",
    ]
    for tenth in range(round(floor * 10), 11):
        at = y(tenth / 10)
        parts.append(f'<line x1="{_LEFT}" y1="{at:.1f}" x2="{_WIDTH - _RIGHT}" y2="{at:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{tenth / 10:.1f}</text>')
    for size in sorted(set(sizes)):
        parts.append(f'<text x="{x(size):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{size}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 14}" text-anchor="middle">bytes of a vector in memory</text>')
    target = y(max(measured.target, floor))
    parts.append(
        f'<line x1="{_LEFT}" y1="{target:.1f}" x2="{_WIDTH - _RIGHT}" y2="{target:.1f}" stroke="#888" '
        'stroke-dasharray="4 4"/>'
    )
    for quantization, colour in _COLOURS.items():
        line = sorted(
            (option for option in measured.options if option.quantization == quantization),
            key=lambda option: option.vector_bytes,
        )
        if line:
            parts += _line(line, colour, [(x(option.vector_bytes), y(option.worst)) for option in line])
    chosen = measured.recommended
    parts.append(
        f'<circle cx="{x(chosen.vector_bytes):.1f}" cy="{y(chosen.worst):.1f}" r="9" fill="none" stroke="black"/>'
    )
    return "\n".join([*parts, "</svg>", ""])


def _line(options: list[Option], colour: str, points: list[tuple[float, float]]) -> list[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
    for option, (x, y) in zip(options, points, strict=True):
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"><title>{option.dimensions} '
            f"{option.quantization}: {option.worst:.3f}</title></circle>"
        )
        parts.append(
            f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle" fill="{colour}">{option.dimensions}</text>'
        )
    end_x, end_y = points[-1]
    parts.append(f'<text x="{end_x + 10:.1f}" y="{end_y + 18:.1f}" fill="{colour}">{options[-1].quantization}</text>')
    return parts
