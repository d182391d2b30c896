#!/bin/bash
# SPDX-License-Identifier: MIT
# The demo, in the guest: one sender, one receiver, a rate-limited path between them; the ACKs
# come back freely first, then in slots. What the sender sees of them is captured and reported.
set -euo pipefail

rate=$1      # of the path, such as 20M
megabytes=$2 # of each transfer
slot=$3      # of the slotted path, such as 8ms

TEST=demo
# shellcheck source=tests/guest/lib.sh
. /tests/guest/lib.sh

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
shown() { printf '# %s\n' "$*"; "$@"; }

transfer() { # NAME
	start_server right 5201
	start_capture left -p 5201 --at driver-rx,socket-rx -o "$1.pcapng"
	ip netns exec left iperf3 -c 10.9.0.2 -p 5201 -n "${megabytes}M" --cport 40001 >"$1.iperf" 2>&1
	stop_capture || cat capture.log
	wait "$server"
	grep sender "$1.iperf"
}

cd "$OUT"
say "1. Load the module and look what works here"
shown insmod /tscope.ko
shown tscope doctor || true

say "2. Two namespaces, left and right, joined by a veth that carries $rate bit/s"
make_pair
offloads_off
# 24 bytes beside the frame's own: FCS, preamble and gap, as on a real Ethernet.
shown ip netns exec left tc qdisc add dev l0 root stab overhead 24 tbf rate "${rate}bit" burst 3100 latency 200ms

say "3. Left sends $megabytes MB to right; the ACKs come back over a clean path"
transfer clean
say "4. The same, but the path delivers the ACKs in slots of $slot, as a descheduled host does"
shown ip netns exec right tc qdisc add dev r0 root netem slot "$slot"
transfer slotted
drop_pair

say "5. Clean path: what left saw of the ACKs"
shown tscope acks clean.pcapng --link-rate "$rate" --flow 40001
say "6. Slotted path"
shown tscope acks slotted.pcapng --link-rate "$rate" --flow 40001

for name in clean slotted; do
	tscope acks "$name.pcapng" --link-rate "$rate" --flow 40001 --json >"$name.json"
done
rmmod tscope
