# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# On the host, in the folder that counters.sh filled: is what was delivered plus what was lost what others counted?
set -uo pipefail
# shellcheck source=tests/results.sh
. "$(dirname "$0")/../results.sh"
# shellcheck source=tests/figures.sh
. "$(dirname "$0")/../figures.sh"

field() { jq -r ".$2" "$1"; }

# tcpi_segs_in and _out are a socket's own. A server's socket is made from the handshake's third segment and counts the
# SYN that its listener got as well; the SYN-ACK, sent without a full socket, is neither in segs_out nor at socket-tx.
sockets() { # NAME
	local n=$1
	is "$(accounted socket-tx segments $n/left.json)" "$(field $n/exchange.client segs_out)" "$n: client's socket-tx segments = segs_out"
	is "$(accounted socket-rx segments $n/left.json)" "$(field $n/exchange.client segs_in)" "$n: client's socket-rx segments = segs_in"
	is "$(accounted socket-tx segments $n/right.json)" "$(field $n/exchange.server segs_out)" "$n: server's socket-tx segments = segs_out"
	is "$(accounted socket-rx segments $n/right.json)" "$(field $n/exchange.server segs_in)" "$n: server's socket-rx segments = segs_in"
}

calls() { # NAME
	local n=$1
	is "$(accounted app-tx records $n/left.json)" "$(field $n/exchange.client sends)" "$n: client's app-tx = its send calls"
	is "$(accounted app-rx records $n/left.json)" "$(field $n/exchange.client receives)" "$n: client's app-rx = its receive calls"
	is "$(accounted app-tx records $n/right.json)" "$(field $n/exchange.server sends)" "$n: server's app-tx = its send calls"
	is "$(accounted app-rx records $n/right.json)" "$(field $n/exchange.server receives)" "$n: server's app-rx = its receive calls"
}

# Interface counters count frames: that is segments only without offloads.
devices() { # NAME
	local n=$1 netns
	for netns in left right; do
		is "$(accounted driver-rx segments $n/$netns.json)" "$(cat $n/$netns.rx)" "$n: $netns driver-rx segments = rx_packets"
		is "$(accounted driver-tx segments $n/$netns.json)" "$(cat $n/$netns.tx)" "$n: $netns driver-tx segments = tx_packets"
	done
}

# The qdisc counts what it sent and what it dropped, in segments.
queue() { # NAME
	is "$(accounted qdisc-tx segments "$1/left.json")" "$(cat "$1/left.queued")" "$1: left qdisc-tx segments = qdisc sent + dropped"
}

for exchange in plain4 plain6 tiny; do
	sockets $exchange
	calls $exchange
	devices $exchange
	queue $exchange
done

# With GSO, TSO and GRO: fewer records, as many segments.
sockets offload4
calls offload4
queue offload4
records=$(at socket-tx records offload4/left.json) segments=$(at socket-tx segments offload4/left.json)
holds "offload4: merged records are there to be counted ($records records, $segments segments)" test "$segments" -gt "$records"

# A tiny ring and a reader that was stopped: large loss, exactly counted.
for netns in left right; do
	lost=$(jq .loss.lost tiny/$netns.json) records=$(jq .records tiny/$netns.json)
	holds "tiny: $netns lost more ($lost) than it delivered ($records)" test "$lost" -gt "$records"
	is "$(tscope acks tiny/$netns.pcapng --json | jq .loss.lost)" "$lost" "tiny: the file of $netns tells the loss too"
done
