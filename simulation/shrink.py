"""Making a script that fails shorter, as long as it fails."""

from collections.abc import Callable

from simulation.script import Script

Fails = Callable[[Script], bool]


def shrink(script: Script, fails: Fails, *, tries: int = 60) -> Script:
    """A shorter script that `fails` still, after at most `tries` runs: halves are left out first, then single steps."""
    left = [tries]

    def still(candidate: Script) -> bool:
        left[0] -= 1
        return left[0] >= 0 and fails(candidate)

    for name, _ in script.weather:
        if still(shorter := script.without_weather(name)):
            script = shorter
    size = max(1, len(script.steps) // 2)
    while size:
        place = 0
        while place < len(script.steps):
            if still(shorter := script.without(place, size)):
                script = shorter
            else:
                place += size
        size //= 2
    return script
