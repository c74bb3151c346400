"""How much of some cores others take while an engine is measured: what tells a disturbed figure from a sound one."""
import os
import time


class CoreLoad:
    """The time on some cores since it was made, less what an engine itself used. Linux only; elsewhere it knows nothing."""

    def __init__(self, cores, instance):
        self.cores, self.instance = cores, instance
        self.start = self.reading()

    def reading(self):
        """Seconds: of the clock, of all work on the cores, of the engine's own."""
        try:
            return time.monotonic(), busy_seconds(self.cores), self.own_seconds()
        except OSError:
            return None

    def own_seconds(self):
        process = getattr(self.instance, "process", None)
        if process is None:
            # Braid's processes have ended when they are asked about.
            times = os.times()
            return times.children_user + times.children_system
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def of_others(self):
        """The share of the cores' time that others took, 0 to 1; None where it cannot be told."""
        end = self.reading()
        if self.start is None or end is None:
            return None
        wall, busy, own = (after - before for before, after in zip(self.start, end))
        self.share = round(min(1.0, max(0.0, (busy - own) / (wall * len(self.cores)))), 3)
        return self.share

    share = None

    def text(self):
        """A remark where others disturbed much."""
        return f" (others took {self.share:.0%} of the cores)" if self.share and self.share > 0.05 else ""


def busy_seconds(cores):
    """The time that the cores have worked since the machine started."""
    names = {f"cpu{core}" for core in cores}
    ticks = 0
    with open("/proc/stat", encoding="ascii") as file:
        for line in file:
            name, *fields = line.split()
            if name in names:
                user, nice, system, _, _, interrupt, soft, stolen = map(int, fields[:8])
                ticks += user + nice + system + interrupt + soft + stolen
    return ticks / os.sysconf("SC_CLK_TCK")
