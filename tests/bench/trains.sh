# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What both benchmarks of sending share: the path, the senders, the load, and the judging at the
# receiver. Each train has a port of its own, so that one tap can stay open for all of a round.
# shellcheck source=tests/wait.sh
. "$(dirname "${BASH_SOURCE[0]}")/../wait.sh"

destination=10.9.1.1 # behind the receiver, which forwards nothing: probes end there and nobody answers
etf_delta_ns=200000  # above what a timer is late, below the millisecond that txtime hands over ahead
cpu=$(($(nproc) - 1))
port=20000

make_path() { # NEAR FAR: names for two namespaces
	near=$1 far=$2
	ip netns add "$near"
	ip netns add "$far"
	# Two queues: etf takes one for itself.
	ip link add l0 numtxqueues 2 numrxqueues 2 netns "$near" type veth \
		peer name r0 numtxqueues 2 numrxqueues 2 netns "$far"
	ip -n "$near" addr add 10.9.0.1/24 dev l0
	ip -n "$far" addr add 10.9.0.2/24 dev r0
	ip netns exec "$far" sysctl -qw net.ipv4.ip_forward=0
	ip netns exec "$near" ethtool -K l0 tso off gso off gro off >/dev/null
	ip netns exec "$far" ethtool -K r0 tso off gso off gro off >/dev/null
	ip -n "$near" link set l0 up
	ip -n "$far" link set r0 up
	far_mac=$(ip -n "$far" -j link show r0 | jq -r '.[0].address')
	ip -n "$near" neigh replace 10.9.0.2 lladdr "$far_mac" dev l0 nud permanent
	ip -n "$near" route add 10.9.1.0/24 via 10.9.0.2
	ip netns exec "$far" iperf3 -s -p 5201 >server.log 2>&1 &
	# shellcheck disable=SC2034 # the caller ends it
	server=$!
	wait_for "the iperf3 server" sh -c "ip netns exec $far ss -Htln | grep -q ':5201 '"
}

begin_load() {
	taskset -c "$cpu" sh -c 'while :; do :; done' &
	hog=$!
	ip netns exec "$near" iperf3 -c 10.9.0.2 -p 5201 -u -b 50M -t 600 >load.log 2>&1 &
	traffic=$!
	sleep 1
}

end_load() {
	kill "$hog" "$traffic" 2>/dev/null || true
	wait "$hog" "$traffic" 2>/dev/null || true
}

by_tscope() { # PORT GAP_US PROBES OPTION...
	local to=$1 gap_us=$2 probes=$3
	shift 3
	timeout 120 ip netns exec "$near" tscope train $destination --port "$to" --gap "${gap_us}us" --count "$probes" \
		--cpu "$cpu" --wait 1ms --json "$@" >"sent-$to" 2>"log-$to"
}

# Probes get a queue of their own with etf, which takes nothing else; other traffic keeps the first
# one.
by_txtime() { # PORT GAP_US PROBES
	local status=0
	{
		ip netns exec "$near" tc qdisc add dev l0 root handle 100: mqprio num_tc 2 \
			map 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 queues 1@0 1@1 hw 0 &&
			ip netns exec "$near" tc qdisc add dev l0 parent 100:2 etf clockid CLOCK_TAI delta $etf_delta_ns &&
			ip netns exec "$near" tc qdisc add dev l0 clsact &&
			ip netns exec "$near" tc filter add dev l0 egress protocol ip u32 match ip dst $destination \
				action skbedit priority 1
	} >"log-$1" 2>&1 || status=$?
	if [ $status -eq 0 ]; then
		by_tscope "$@" --engine user --user-mode txtime || status=$?
	else
		echo "no etf below mqprio here ($(tail -n 1 "log-$1"))" >>"log-$1"
	fi
	ip netns exec "$near" tc qdisc del dev l0 clsact 2>/dev/null || true
	ip netns exec "$near" tc qdisc del dev l0 root 2>/dev/null || true
	return $status
}

# With the real-time priority that the others have.
by_pktgen() { # PORT GAP_US PROBES
	modprobe pktgen >"log-$1" 2>&1 || return 1
	local thread
	for thread in /proc/[0-9]*/comm; do
		[ "$(cat "$thread" 2>/dev/null)" != "kpktgend_$cpu" ] || chrt -f -p 50 "$(basename "$(dirname "$thread")")"
	done
	# shellcheck disable=SC2016 # expanded there
	ip netns exec "$near" timeout 120 bash -ec '
		cd /proc/net/pktgen
		[ -e l0 ] || echo "add_device l0" >"kpktgend_$1"
		for setting in "count $2" "delay $3" "pkt_size 86" "clone_skb 0" "src_min 10.9.0.1" "src_max 10.9.0.1" "dst $4" \
			"dst_mac $5" "udp_src_min 9" "udp_src_max 9" "udp_dst_min $6" "udp_dst_max $6"; do
			echo "$setting" >l0
		done
		echo start >pgctrl
		grep -q "Result: OK" l0
		sed -n "s/.*pkts-sofar: *\([0-9]*\).*/{\"sent\": \1}/p" l0
	' pktgen "$cpu" "$3" "$(($2 * 1000))" $destination "$far_mac" "$1" >"sent-$1" 2>>"log-$1"
}

send() { # SENDER PORT GAP_US PROBES
	local sender=$1
	shift
	case $sender in
	kmod) by_tscope "$@" --engine kmod ;;
	txtime) by_txtime "$@" ;;
	pktgen) by_pktgen "$@" ;;
	*) by_tscope "$@" --engine user --user-mode "$sender" ;;
	esac
}

# What every gap between two successive probes was off from the one asked for, by the tap's stamps,
# in ns. Probes are told by their number: STAMP's is the payload's first word, pktgen's comes behind
# its magic.
gap_errors() {
	tcpdump -nn -q -tt -x --time-stamp-precision=nano -r arrived.pcap 2>/dev/null | awk '
		function number(hex, i, n) {
			for (i = 1; i <= length(hex); i++) n = 16 * n + index("0123456789abcdef", substr(hex, i, 1)) - 1
			return n
		}
		function arrived(probe, off) {
			count[port]++
			if (port in last && probe == last[port] + 1) {
				off = (s - last_s[port]) * 1000000000 + ns - last_ns[port] - gap_ns[port]
				printf "%.0f\n", off < 0 ? -off : off >("errors-" port)
			}
			last[port] = probe
			last_s[port] = s
			last_ns[port] = ns
		}
		FILENAME == "trains" { gap_ns[$1] = 1000 * $4; count[$1] = 0; next }
		$2 == "IP" { split($1, t, "."); s = t[1]; ns = t[2]; split($5, to, "."); port = to[5] + 0; next }
		$1 == "0x0010:" { pktgen = $8 $9 == "be9be955"; if (!pktgen) arrived(number($8 $9)); next }
		$1 == "0x0020:" && pktgen { arrived(number($2 $3)) }
		END { for (port in count) print count[port] >("arrived-" port) }
	' trains -
}

# All senders in turn, idle and under load; adds one line a train to `results`. Each round another
# one is the first, for what came before a train (a load's start, a qdisc's end) may tell on it.
run_round() { # ROUND "SENDER..." "GAP_US..." PROBES
	local round=$1 turn gap_us load sender to
	read -ra turn <<<"$2"
	shift
	round=$(((round - 1) % ${#turn[@]}))
	turn=("${turn[@]:round}" "${turn[@]:0:round}")
	: >trains
	taskset -c 0 ip netns exec "$far" tcpdump -i r0 -s 64 -B 8192 --time-stamp-precision=nano -Z root \
		-w arrived.pcap "udp and dst host $destination" 2>tcpdump.log &
	tap=$!
	wait_for tcpdump grep -q listening tcpdump.log
	for load in idle loaded; do
		[ $load = idle ] || begin_load
		for gap_us in $2; do
			for sender in "${turn[@]}"; do
				to=$((++port))
				sleep 0.2
				send "$sender" $to "$gap_us" "$3" || rm -f sent-$to
				echo "$to $sender $load $gap_us" >>trains
			done
			echo "    $load, gaps of $gap_us us: done" >&2
		done
		[ $load = idle ] || end_load
	done
	sleep 1.5 # the tap hands over its last block within a second
	kill -INT $tap
	wait $tap || true
	gap_errors
	while read -r to sender load gap_us; do
		touch "errors-$to"
		[ -e "sent-$to" ] || echo null >"sent-$to"
		jq -c -n --arg sender "$sender" --arg load "$load" --argjson gap_us "$gap_us" --arg log "$(tail -n 1 "log-$to")" \
			--slurpfile sent "sent-$to" --slurpfile errors "errors-$to" --slurpfile arrived "arrived-$to" '
			def quantile(share): .[(share * length | ceil) - 1];
			{$sender, $load, $gap_us, arrived: $arrived[0]} + if $sent[0] == null then {why: $log} else
				($sent[0] | {sent, late, timer, lateness_ns, lead_ns, notes} + if $sender == "txtime" then {late: null, lateness_ns: null} else {} end) +
				{gap_error_ns: ($errors | sort | {p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), max: .[-1]})}
			end' >>results
		rm -f "errors-$to" "sent-$to" "arrived-$to" "log-$to"
	done <trains
	rm arrived.pcap
}

# Of the rounds' quantiles the median, of their maxima the largest, of their counts the sum.
row() { # SENDER LOAD GAP_US FIRST_SENDER: fields apart by |
	jq -s -r --arg sender "$1" --arg load "$2" --argjson gap_us "$3" --arg first "$4" '
		def of($name): map(select(.sender == $name and .load == $load and .gap_us == $gap_us));
		def all(values): map(values) | if length == 0 or any(. == null) then null else . end;
		def median(values): all(values) | if . then sort[(length - 1) / 2 | floor] else null end;
		def largest(values): all(values) | if . then max else null end;
		def ratio(a; b): if a and b and b > 0 then a / b else null end;
		of($first) as $base | of($sender) | (map(.why // empty) | first) as $why |
		if $why then "why|" + $why else
			["row", (all(.sent) | add), (all(.arrived) | add), (all(.late) | if . then add else null end),
				median(.lateness_ns.p50), median(.lateness_ns.p99), largest(.lateness_ns.max),
				median(.gap_error_ns.p50), median(.gap_error_ns.p90), median(.gap_error_ns.p99), largest(.gap_error_ns.max),
				ratio(median(.lateness_ns.p99); $base | median(.lateness_ns.p99)),
				ratio(median(.gap_error_ns.p99); $base | median(.gap_error_ns.p99))]
			| map(. // "-" | tostring) | join("|")
		end' results
}

label() { # SENDER
	case $1 in
	kmod) echo "module" ;;
	pktgen) echo "pktgen" ;;
	*) echo "user, $1" ;;
	esac
}

print_table() { # "SENDER..." "GAP_US..."
	local first=${1%% *} gap_us load sender
	printf '%-13s%6s%8s%6s  %-21s  %-28s  %s\n' "" "" "" "" "lateness, us" "gap error, us" "p99, multiples"
	printf '%-13s%6s%8s%6s%8s%7s%8s%8s%7s%7s%8s%8s%6s\n' sender sent arrived late p50 p99 max p50 p90 p99 max late gap
	for gap_us in $2; do
		for load in idle loaded; do
			echo "gap $gap_us us, $load"
			for sender in $1; do
				row "$sender" "$load" "$gap_us" "$first" | awk -F '|' -v name="$(label "$sender")" '
					function us(ns) { return ns == "-" ? ns : sprintf(ns < 9995 ? "%.2f" : ns < 99950 ? "%.1f" : "%.0f", ns / 1000) }
					function times(x) { return x == "-" ? x : sprintf(x < 99.95 ? "%.1f" : "%.0f", x) }
					$1 == "why" { printf " %-12s not measured: %s\n", name, $2; next }
					{
						printf " %-12s%6s%8s%6s%8s%7s%8s%8s%7s%7s%8s%8s%6s\n", name, $2, $3, $4, us($5), us($6), us($7),
							us($8), us($9), us($10), us($11), times($12), times($13)
					}'
			done
		done
	done
	jq -s -r '.[] | select(.sender == "kmod" and .timer) | [.gap_us, .load, .timer, .sent] | @tsv' results | awk '
		{ at = "gap " $1 " us, " $2; timer[at] += $3; sent[at] += $4 }
		END {
			for (at in timer) if (timer[at] > 0)
				printf "note (module): %s: %d of %d left without a spin: woken too late, or CPU share spent\n", at, timer[at], sent[at]
		}' | sort
	jq -s -r '[.[] | .sender as $sender | .notes[]? | "note (\($sender)): \(.)"] | unique[]' results
}

explain() { # FIRST SENDER
	cat <<TEXT
Lateness: hand-over - time scheduled; late: by more than 50 us. The hand-over is stamped before the
driver's function where the module is loaded, else (user space) before the send call.
Gap error: size of (gap between two successive probes - gap asked for), by the kernel's stamps at a
tap on the peer device: one measure for all senders, and it has what comes behind the hand-over.
Gaps beside a probe that did not arrive are left out: where many are missing, it looks too good.
Quantiles: the median of the rounds'; max and counts: over all rounds. Multiples: of the p99 of
"$(label "$1")". Loaded: an endless loop on the sending CPU, 50 Mbit/s of UDP over the same device.
TEXT
}
