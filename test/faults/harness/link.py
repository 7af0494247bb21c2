"""A bad link made of packets. Owns a TUN device with the address 10.x.y.1: what is sent to 10.x.y.2 comes out of the device
here, and goes back in with its two addresses exchanged, so that a connection to .2 ends at .1. On the way packets are late,
lost, doubled and overtaken, as the seed decides. It must never write to anything but its own device.

Arguments: the seed, and 10.x.y as the net. Tells "ready" on stdout; each line of stdin is {"delayMs": 100, "jitterMs": 20,
"loss": 0.02, "duplicate": 0.01, "reorder": 0.01}, which holds from then on, and is answered with what has been done so far.
Its end is that of stdin.
"""

import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
MTU = 1400
# Packets under way; more are lost, as in any queue.
WAITING_MAX = 20_000
# Packets that are read before those that are due are written.
READ_MAX = 64


def open_device(net):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    answer = fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"skein%d", IFF_TUN | IFF_NO_PI))
    name = answer[:16].rstrip(b"\0").decode()
    # It goes with the process that holds the device.
    for words in (["addr", "add", net + ".1/24", "dev", name], ["link", "set", name, "mtu", str(MTU), "up"]):
        subprocess.run(["ip", *words], check=True)
    return device


def exchanged(packet):
    """The sums in the headers of IP and TCP are the same in whatever order they are added up (RFC 1071)."""
    return packet[:12] + packet[16:20] + packet[12:16] + packet[20:]


class Link:
    def __init__(self, device, net, seed):
        self.device = device
        self.random = random.Random(seed)
        self.first, self.second = (bytes([int(part) for part in net.split(".")] + [last]) for last in (1, 2))
        self.queue = []
        self.number = 0
        self.last_due = 0.0
        self.faults = {"delayMs": 0, "jitterMs": 0, "loss": 0, "duplicate": 0, "reorder": 0}
        self.counts = {"packets": 0, "lost": 0, "doubled": 0, "reordered": 0}

    def take(self, packet, now):
        # Only IPv4 between its two addresses: the kernel says other things to a new device too.
        if len(packet) < 20 or packet[0] >> 4 != 4 or {packet[12:16], packet[16:20]} != {self.first, self.second}:
            return
        faults, chance = self.faults, self.random.random
        self.counts["packets"] += 1
        if chance() < faults["loss"] or len(self.queue) >= WAITING_MAX:
            self.counts["lost"] += 1
            return
        due = now + max(0, faults["delayMs"] + (2 * chance() - 1) * faults["jitterMs"]) / 1000
        if chance() < faults["reorder"]:
            # Overtakes what is under way.
            due = now + (due - now) / 2
            self.counts["reordered"] += 1
        else:
            due = self.last_due = max(due, self.last_due)
        copies = 1
        if chance() < faults["duplicate"]:
            copies = 2
            self.counts["doubled"] += 1
        for _ in range(copies):
            self.number += 1
            heapq.heappush(self.queue, (due, self.number, exchanged(packet)))

    def read(self, now):
        for _ in range(READ_MAX):
            try:
                packet = os.read(self.device, 65_536)
            except BlockingIOError:
                return
            self.take(packet, now)

    def write_due(self, now):
        while self.queue and self.queue[0][0] <= now:
            packet = heapq.heappop(self.queue)[2]
            try:
                os.write(self.device, packet)
            except OSError:
                self.counts["lost"] += 1

    def run(self):
        pending = b""
        while True:
            wait = max(0, self.queue[0][0] - time.monotonic()) if self.queue else None
            ready = select.select([self.device, sys.stdin.fileno()], [], [], wait)[0]
            if self.device in ready:
                self.read(time.monotonic())
            if sys.stdin.fileno() in ready:
                text = os.read(sys.stdin.fileno(), 65_536)
                if not text:
                    return
                *lines, pending = (pending + text).split(b"\n")
                for line in lines:
                    self.faults = {**self.faults, **json.loads(line)}
                    print(json.dumps(self.counts), flush=True)
            self.write_due(time.monotonic())


def main(seed, net):
    device = open_device(net)
    print("ready", flush=True)
    Link(device, net, seed).run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
