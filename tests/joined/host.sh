#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A guest sends to its host. Each is captured by itself, the guest by the module, the host by BPF
# programs; joined, every segment is followed from the guest's call to the host's. What tshark reads
# in the two files tells the same.
#
#   ┌ guest ─────────────┐                ┌ namespace lab ──────────┐
#   │ client        eth0 │── virtio-net ──│ tap0             server │
#   │          10.78.0.1 │                │ 10.78.0.254             │
#   │ guest.pcapng       │                │ host.pcapng             │
#   └────────────────────┘                └─────────────────────────┘
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck disable=SC2034 # lab.sh and results.sh use them
experiment=joined prefix=tscope-joined TEST=joined
# shellcheck source=tests/experiments/common/lab.sh
. "$here/../experiments/common/lab.sh"
# shellcheck source=tests/results.sh
. "$here/../results.sh"
lab=$prefix-$$-lab
dir=$root/build/joined
tscope=$root/build/tscope

lacking=$({ ! lacks ip ethtool jq python3 tshark qemu-system-x86_64 && can_make_namespaces &&
	can_make_taps; } 2>&1) ||
	{ skip "everything" "${lacking#*: }"; exit; }
why=$("$tscope" doctor --json 2>/dev/null | jq -r '.checks[] |
	select(.name == "BPF programs") | select(.what | startswith("loaded") | not) | .what')
[ -z "$why" ] || { skip "everything" "$why"; exit; }

drop_leftovers
rm -rf "$dir"
mkdir -p "$dir"
trap 'drop_lab_of "$lab"' EXIT
prepare_guests || exit 1
quiet_namespace "$lab"
ip -n "$lab" tuntap add dev tap0 mode tap vnet_hdr
ip -n "$lab" addr add 10.78.0.254/24 dev tap0
ip -n "$lab" link set tap0 up
no_offloads "$lab" tap0
start "$dir/exchange.server" ip netns exec "$lab" \
	"$root/build/guest-bin/exchange" server 10.78.0.254 5201 3000000 5000
# Where BPF programs may not run at the entry of functions, this is what they stamp.
start "$dir/host.json" "$tscope" capture --engine bpf --netns "$lab" -p 5201 \
	--at driver,qdisc,app-rx --json -o "$dir/host.pcapng"
capture=$!
wait_until 60 grep -q capturing "$dir/host.json.err" ||
	{ not_ok "the host's capture: $(cat "$dir/host.json.err")"; exit; }
# shellcheck disable=SC2154 # lab.sh's
ip netns exec "$lab" "$root/tests/vm/run" --kernel "$kernel" --smp 1 --out "$dir" --file \
	"$here/guest.sh" \
	--file "$here/../experiments/common/join_lab.sh" \
	--nic tap,ifname=tap0,script=no,downscript=no,model=virtio-net-pci -- bash /files/guest.sh \
		</dev/null ||
	{ not_ok "the guest's part ended with status $?"; exit; }
kill -INT "$capture"
wait "$capture"
forget "$capture"

cd "$dir" || exit
is "$(jq -s 'map(.loss.lost) | add' host.json guest.json)" 0 "neither capture lost a record"
"$tscope" delay --json host.pcapng guest.pcapng >delay.json
"$tscope" delay host.pcapng guest.pcapng >delay.txt
python3 "$here/check.py"
