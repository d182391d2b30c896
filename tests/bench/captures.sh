# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What both benchmarks of captures share: a transfer over the veth, tcpdump's turn, the table.

transfer_from() { # NETNS MEGABYTES: prints Mbit/s
	ip netns exec "$1" iperf3 -c 10.9.0.2 -p 5201 -n "${2}M" -J >iperf.json
	jq '.end.sum_received.bits_per_second / 1e6' iperf.json
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
sum() { awk '{ s += $1 } END { print s + 0 }' "$1"; }

# tcpdump_turn NETNS COMMAND...: the command, which prints Mbit/s, while tcpdump captures at r0.
tcpdump_turn() {
	local netns=$1 dump
	shift
	ip netns exec "$netns" tcpdump -i r0 -s 96 -Z root -w tcpdump.pcap tcp port 5201 >tcpdump.log 2>&1 &
	dump=$!
	wait_for tcpdump grep -q listening tcpdump.log
	"$@" >>theirs
	kill -INT $dump
	wait $dump || true
	awk '/received by filter/ { print $1 }' tcpdump.log >>theirs.records
	awk '/dropped by kernel/ { print $1 }' tcpdump.log >>theirs.lost
	rm tcpdump.pcap
}

# print_table OURS RECORDS-TIMES THEIRS: of the files none, ours, theirs and their .records and
# .lost.
print_table() {
	local none
	none=$(median none)
	printf '%-34s %12s %14s %12s %10s\n' "" "Mbit/s" "to no capture" "records" "lost"
	printf '%-34s %12.0f %14s %12s %10s\n' "no capture" "$none" 1.00 - -
	printf '%-34s %12.0f %14.2f %12d %10d\n' "$1" "$(median ours)" \
		"$(jq -n "$(median ours) / $none")" "$(($2 * $(sum ours.records)))" "$(sum ours.lost)"
	printf '%-34s %12.0f %14.2f %12d %10d\n' "$3" "$(median theirs)" \
		"$(jq -n "$(median theirs) / $none")" "$(sum theirs.records)" "$(sum theirs.lost)"
	printf 'tscope to tcpdump: %.2f\n\n' "$(jq -n "$(median ours) / $(median theirs)")"
}
