# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# On the host, in the folder that delay.sh filled: what became of each packet at each pair of vantage points.
set -uo pipefail
# shellcheck source=tests/results.sh
. "$(dirname "$0")/../results.sh"

pair() { jq ".pairs[] | select(.first == \"$2\" and .second == \"$3\") | $4" "$1.delay.json"; }
chain() { jq "[.chains[] | select(.way == \"$2\" and .kind == \"$3\") | $4] | add // 0" "$1.delay.json"; }

# What the queue dropped did not get to the next vantage point, and what has no socket never was at one.
followed() { # CAPTURE
	local pair matched rest
	tscope delay "$1.pcapng" --json >"$1.delay.json"
	tscope delay "$1.pcapng" >"$1.txt"
	is "$(jq '[.chains[] | ([.stages[].sum_ns] | add) == .total.sum_ns] | all' "$1.delay.json")" true \
		"$1: stages of all chains sum to their totals"
	is "$(jq '[.chains[].inconsistent, .chains[].negative] | add' "$1.delay.json")" 0 \
		"$1: no stage is below zero, no packet contradicts itself"
	while read -r pair matched rest; do
		holds "$1 $pair: at least 99.9 % matched ($matched, $rest not explained)" \
			jq -en "$matched > 0 and $rest <= 0.001 * ($matched + $rest)"
	done < <(jq -r '.pairs[] | "\(.first)>\(.second) \(.matched) \(.unmatched - (.only_first.dropped // 0)
		- (.only_second.no_socket // 0) - (.only_first.unread // 0))"' "$1.delay.json")
}

whole() { # NAME
	local dropped
	followed "$1.left"
	followed "$1.right"
	dropped=$(cat "$1.dropped")
	is "$(pair "$1.left" qdisc-tx driver-tx '.only_first.dropped // 0')" "$dropped" "$1: what did not leave the queue is what it dropped"
	holds "$1: it did drop ($dropped)" test "$dropped" -gt 0
	holds "$1: retransmissions are a kind of their own" test "$(chain "$1.left" send retransmission .packets)" -gt 0
	is "$(pair "$1.right" driver-rx socket-rx '.matched')" "$(pair "$1.left" qdisc-tx driver-tx '.matched')" \
		"$1: as many packets got from driver to socket on the right as from queue to driver on the left"
}

whole tso
holds "tso: fewer packets than segments" test "$(chain tso.left send data .packets)" -lt "$(chain tso.left send data .segments)"
whole gro
holds "gro: frames were merged" test "$(pair gro.right driver-rx socket-rx .merged)" -gt 0
