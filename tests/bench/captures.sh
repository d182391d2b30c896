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

# ratios FILE FILE: of each round, and "MEDIAN LOW HIGH": the interval has the mean of all rounds with 95 %.
ratios() {
	paste "$1" "$2" | awk '{ printf "%.6f\n", $1 / $2 }' | sort -n | awk '
		{ v[NR] = $1; sum += $1; squares += $1 * $1 }
		END {
			mean = sum / NR
			# Student: within 0.01 of the quantile of 0.975 from 3 rounds on.
			degrees = NR - 1
			t = degrees < 1 ? 0 : 1.96 + 2.37 / degrees + 2.8 / degrees ^ 2 + 2.5 / degrees ^ 3 + 3.1 / degrees ^ 5
			half = degrees < 1 ? 0 : t * sqrt((squares - NR * mean * mean) / degrees / NR)
			printf "%.3f %.3f %.3f\n", v[int((NR + 1) / 2)], mean - half, mean + half
		}'
}

# print_table OURS RECORDS-TIMES THEIRS: of the files none, ours, theirs and their .records and
# .lost. Ratios are those of a round, their median, and an interval of 95 % for their mean.
print_table() {
	local name file
	printf '%-34s %10s %10s %17s %12s %8s\n' "" "Mbit/s" "ratio" "95 % of mean" "records" "lost"
	printf '%-34s %10.0f %10s %17s %12s %8s\n' "no capture" "$(median none)" 1 - - -
	for file in ours theirs; do
		[ $file = ours ] && name=$1 || name=$3
		# shellcheck disable=SC2046,SC2183 # three words
		printf '%-34s %10.0f %10s %8s .. %5s %12d %8d\n' "$name" "$(median $file)" $(ratios $file none) \
			"$(($([ $file = ours ] && echo "$2" || echo 1) * $(sum $file.records)))" "$(sum $file.lost)"
	done
	# shellcheck disable=SC2046,SC2183
	printf 'tscope to tcpdump: %s (%s .. %s)\n\n' $(ratios ours theirs)
}
