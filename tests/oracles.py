"""Slow and obvious versions of what `isojoule` computes fast."""

import math

import numpy as np


def naive_htk_filter_bank():
    """Return the mel filters filter by filter and bin by bin, shape (128, 1025)."""

    def mel(hz):
        return 2595 * math.log10(1 + hz / 700)

    def hz(mel):
        return 700 * (10 ** (mel / 2595) - 1)

    step = mel(22050) / 129
    filters = np.zeros((128, 1025))
    for k in range(128):
        low, center, high = hz(k * step), hz((k + 1) * step), hz((k + 2) * step)
        for i in range(1025):
            f = i * 44100 / 2048
            if low < f <= center:
                filters[k, i] = (f - low) / (center - low)
            elif center < f < high:
                filters[k, i] = (high - f) / (high - center)
    return filters


def naive_mel_frame(signal, frame, filters):
    """Return one centred magnitude mel frame by the definition of the DFT."""
    window = [0.54 - 0.46 * math.cos(2 * math.pi * n / 2047) for n in range(2048)]
    first = 256 * frame - 1024
    windowed = np.array([window[n] * signal[abs(first + n)] for n in range(2048)])
    turns = np.arange(2048) / 2048
    magnitudes = [
        abs(np.sum(windowed * np.exp(-2j * np.pi * k * turns))) for k in range(1025)
    ]
    return filters @ np.array(magnitudes)


def held_energy_j(time_s, power_w, start_s, end_s):
    """Energy [J] of readings that each hold until the next, by going through them."""
    known = [
        (t, p)
        for t, p in zip(time_s, power_w, strict=True)
        if not math.isnan(p) and t <= end_s
    ]
    if not known:
        return None
    total_j = known[0][1] * max(0.0, min(known[0][0], end_s) - start_s)
    for i, (t, p) in enumerate(known):
        until = known[i + 1][0] if i + 1 < len(known) else end_s
        total_j += p * max(0.0, min(until, end_s) - max(t, start_s))
    return total_j
