"""Our decoder beside others, taking turns on the same mails: gigabytes a second of CPU.

structure: the tree of parts alone. decode: besides that, every attachment's octets and every text in
UTF-8, subject, sender and date. What a peer is built from is Debian's; one that is not installed is
left out."""
import os
import subprocess

PEERS = ("mime_gmime", "mime_etpan")
TURNS = 4
# figure, mode, mail, rounds, target against the first peer
FIGURES = [
    ("decode, 1.5 MB with base64, GB/s", "decode", "large", 100, 4.0),
    ("structure, 1.5 MB with base64, GB/s", "structure", "large", 300, 2.0),
    ("decode, letters of 5 KB, GB/s", "decode", "letter", 8000, 5.0),
]


def _once(tools, name, mode, mail, rounds):
    done = subprocess.run([os.path.join(tools, name + "_bench"), mode, mail, str(rounds)],
                          stdout=subprocess.PIPE, check=True, timeout=120, text=True)
    rate, _, octets, *_ = done.stdout.split()
    return float(rate), float(octets)


def mime(tools, row):
    names = ["mime"] + [n for n in PEERS if os.path.exists(os.path.join(tools, n + "_bench"))]
    for figure, mode, mail, rounds, target in FIGURES:
        best = {}
        for _ in range(TURNS):
            for name in names:
                few = rounds if name == "mime" else max(rounds // 10, 3)
                rate, octets = _once(tools, name, mode, mail, few)
                best[name] = max(best.get(name, (0, 0)), (rate, octets))
        ours = best.pop("mime")
        for name, peer in best.items():
            is_bound = name == PEERS[0]
            row(f"{figure} ({name.removeprefix('mime_')})",
                f">= {target:.0f} x peer" if is_bound else "", f"{ours[0]:.3f}", f"{peer[0]:.3f}",
                f"{ours[0] / peer[0]:.2f}", ours[0] >= target * peer[0] if is_bound else None)
        if not best:
            row(figure, "no peer", f"{ours[0]:.3f}", "-", "-", None)
