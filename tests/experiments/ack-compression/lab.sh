# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The lab and one run in it:
#
#   guest 1 ── tap1 ─┐
#   guest 2 ── tap2 ─┤ bridge ── uplink ══ 100 Mbit/s each way ══ eth0, peer
#   sender (no VM) ──┘
#
# Everything lives in three network namespaces, whose names carry our process id.
# Uses $root, $here, $out, $bytes, $offloads, $memory, $peer_capture and $force_tcpdump of `run`.
# shellcheck disable=SC2154

experiment=ack-compression prefix=tscope-acks
# shellcheck source=tests/experiments/common/lab.sh
. "$here/../common/lab.sh"
lab=$prefix-$$-lab peer=$prefix-$$-peer sender=$prefix-$$-sender
peer_address=10.77.0.254
test_port=5201 test_source=40001
open_now=5300 open_test=5301 # gates: a guest goes on when it can connect there
once_more=3 # one_run's status if nothing failed and yet it is to be done again

# Says what this machine lacks for runs with these numbers of guests.
can_run() {
	local n guests=
	for n in "$@"; do [ "$n" -eq 0 ] || guests=1; done
	! lacks ip tc ethtool iperf3 tcpdump python3 jq flock ${guests:+qemu-system-x86_64} || return 1
	[ -x "$root/build/tscope" ] || { say "no build/tscope; make user builds it"; return 1; }
	can_make_namespaces && { [ -z "$guests" ] || can_make_taps; } && has_cubic || return 1
	drop_leftovers
}

# The rate counts what is on the wire: FCS, preamble and gap beside the frame. What tbf itself cuts
# up (TSO) loses that correction, so with offloads the rate is that of the frames alone, full ones:
# 1514 of 1538 bytes.
bucket() { # NAMESPACE DEVICE
	if [ "$offloads" = on ]; then
		tc -n "$1" qdisc replace dev "$2" root tbf rate 98440kbit burst 3000 latency 20ms
	else
		tc -n "$1" qdisc replace dev "$2" root stab overhead 24 mpu 84 tbf rate 100mbit burst 3000 latency 20ms
	fi
}

make_lab() { # GUESTS
	local ns i
	for ns in "$lab" "$peer" "$sender"; do
		quiet_namespace "$ns"
	done
	ip netns exec "$lab" sysctl -qw net.bridge.bridge-nf-call-iptables=0 2>/dev/null || true
	ip -n "$lab" link add name bridge type bridge
	ip -n "$lab" link set bridge up
	ip -n "$lab" link add name uplink type veth peer name eth0 netns "$peer"
	ip -n "$lab" link add name port0 type veth peer name eth0 netns "$sender"
	ip -n "$peer" addr add "$peer_address/24" dev eth0
	ip -n "$sender" addr add 10.77.0.100/24 dev eth0
	for ns in "$peer" "$sender"; do
		ip -n "$ns" link set eth0 up
		no_offloads "$ns" eth0
	done
	for ((i = 1; i <= $1; i++)); do ip -n "$lab" tuntap add dev "tap$i" mode tap vnet_hdr; done
	for i in uplink port0; do no_offloads "$lab" $i; done
	for i in uplink port0 $(seq -f 'tap%g' 1 "$1"); do
		ip -n "$lab" link set "$i" master bridge up
	done
	bucket "$lab" uplink
	bucket "$peer" eth0
}

drop_lab() { drop_lab_of "$lab" "$peer" "$sender"; }

listening() { grep -q ":$1 " <<<"$(ip netns exec "$peer" ss -Htln)"; }

has_engines() { grep -q -e '--engine' <<<"$("$root/build/tscope" capture --help)"; }

# Sets $host_capture, $host_file and $engine. Not tcpdump's immediate mode: stamps are the kernel's
# either way, and it would wake tcpdump for each packet.
start_host_capture() { # NAMESPACE DEVICE
	if [ -z "$force_tcpdump" ] && has_engines; then
		host_file=$dir/host.pcapng engine=bpf
		start "$dir/host-capture.json" "$root/build/tscope" capture --engine bpf --netns "$1" -i "$2" -p $test_port --at driver --json -o "$host_file"
		host_capture=$!
		wait_until 15 grep -q capturing "$dir/host-capture.json.err" && return 0
		end_process "$host_capture" 3
		say "tscope can't capture at $2 ($(tail -n 1 "$dir/host-capture.json.err")); tcpdump does"
		rm -f "$host_file"
	fi
	host_file=$dir/host.pcap engine=tcpdump
	start_tcpdump "$1" "$2" "$host_file" host-tcpdump
	host_capture=$!
}

start_tcpdump() { # NAMESPACE DEVICE FILE LOG
	start "$dir/$4.log" ip netns exec "$1" tcpdump -i "$2" -s 128 -B 16384 --time-stamp-precision=nano -Z root -w "$3" "tcp port $test_port"
	wait_until 10 grep -q listening "$dir/$4.log.err" || { say "tcpdump did not start: $(cat "$dir/$4.log.err")"; return 1; }
}

# The counters of the machine and of the lab's devices, as they are now.
snapshot() { # NAME
	date +%s.%N >"$dir/time.$1"
	head -n 1 /proc/stat >"$dir/stat.$1"
	ticks_of "$lab" "$peer" "$sender" >"$dir/ticks.$1"
	ip -n "$lab" -s -j link >"$dir/links.$1.json"
	tc -n "$lab" -s -j qdisc show dev uplink >"$dir/qdisc.$1.json"
}

# Did the guest's clock go as ours did while it sent?
clock_is_sound() {
	awk -v guest="$(jq '.end.sum_sent.seconds' "$dir/guest1/iperf.json")" -v before="$(cat "$dir/time.before")" \
		-v after="$(cat "$dir/time.after")" 'BEGIN { exit !(guest > 0 && guest < 1.3 * (after - before) + 2 && guest > 0.7 * (after - before) - 2) }'
}

start_guest() { # NUMBER LIMIT
	local role=background megabytes=512
	[ "$1" -gt 1 ] || role=test megabytes=$memory
	start "$dir/guest$1.log" ip netns exec "$lab" "$root/tests/vm/run" --kernel $kernel --smp 1 --memory "$megabytes" \
		--timeout "$2" --out "$dir/guest$1" --file "$here/guest.sh" --file "$here/../common/join_lab.sh" \
		--append "$(tsc_rate)" \
		--nic "tap,ifname=tap$1,script=no,downscript=no,model=virtio-net-pci,mac=52:54:00:77:00:0$1" -- \
		bash /files/guest.sh "$role" "10.77.0.$1" "$peer_address" $((test_port + $1 - 1)) "$bytes" "$offloads"
	guests+=($!)
}

said() { grep -q "^$2\$" "$dir/guest$1.log"; }
alive() { kill -0 "${guests[$1 - 1]}" 2>/dev/null; }
# A guest that died says no more.
said_or_dead() { said "$1" "$2" || ! alive "$1"; }
bytes_of() { ip -n "$lab" -s -j link show dev "$1" | jq '.[0].stats64.rx.bytes'; }
moving() { [ "$(bytes_of "$1")" -gt 1000000 ]; }

# The transfer from the host itself.
send_without_guest() { # LIMIT
	snapshot before
	timeout "$1" ip netns exec "$sender" iperf3 -c "$peer_address" -p $test_port -n "$bytes" -C cubic \
		--cport $test_source -J >"$dir/iperf.json" || { say "the transfer failed: $(jq -r .error "$dir/iperf.json")"; return 1; }
	snapshot after
}

# The test guest's transfer beside those of the others.
send_from_guests() { # GUESTS LIMIT
	local i
	for ((i = 1; i <= $1; i++)); do
		wait_until 240 said_or_dead "$i" ready
		said "$i" ready || { say "VM lost: guest $i did not come up"; return 1; }
	done
	open_gate "$peer" $open_now
	for ((i = 2; i <= $1; i++)); do
		wait_until 60 moving "tap$i" || { say "VM lost: guest $i does not send"; return 1; }
	done
	open_gate "$peer" $open_test
	wait_until 60 said_or_dead 1 begins
	snapshot before
	wait_until "$2" said_or_dead 1 ended
	snapshot after
	said 1 ended || { say "VM lost: the test guest did not end its transfer"; return 1; }
	for ((i = 2; i <= $1; i++)); do
		alive "$i" || { say "VM lost: guest $i was gone before the transfer was over"; return 1; }
	done
}

# Waits for what the guests bring back; the servers go first, which ends the others' transfers.
collect_guests() { # GUESTS
	local i pid status
	dirty=0
	for pid in "${servers[@]}"; do end_process "$pid" 3; done
	for ((i = 1; i <= $1; i++)); do
		pid=${guests[i - 1]}
		wait_until 120 eval "! kill -0 $pid" || { say "VM lost: guest $i does not end"; return 1; }
		status=0
		wait "$pid" || status=$?
		forget "$pid"
		case $status in
		0) ;;
		124) dirty=1; say "guest $i: its kernel log is dirty; see $dir/guest$i.log.err" ;;
		*) say "guest $i ended with status $status: $(tail -n 1 "$dir/guest$i.log.err")"; [ "$i" -gt 1 ] || return 1 ;;
		esac
	done
}

# Leaves everything in its folder; run.json comes last and says that it is complete.
one_run() { # GUESTS REPETITION ATTEMPTS-LOST
	local n=$1 i limit began=$SECONDS load host_capture host_file engine peer_dump='' servers=() guests=() dirty=0
	dir=$out/guests-$n/repeat-$2
	rm -rf "$dir"
	mkdir -p "$dir"
	limit=$((60 + 4 * $(on_link "$n")))
	read -r load _ </proc/loadavg
	make_lab "$n" || return 1
	for ((i = 0; i == 0 || i < n; i++)); do
		start "$dir/server$((i + 1)).log" ip netns exec "$peer" iperf3 -s -p $((test_port + i))
		servers+=($!)
		wait_until 10 listening $((test_port + i)) || { say "iperf3 -s did not start"; return 1; }
	done
	for ((i = 1; i <= n; i++)); do start_guest "$i" $((400 + limit)); done
	if [ "$n" -eq 0 ]; then start_host_capture "$sender" eth0; else start_host_capture "$lab" tap1; fi || return 1
	if [ -n "$peer_capture" ]; then
		start_tcpdump "$peer" eth0 "$dir/peer.pcap" peer-tcpdump || return 1
		peer_dump=$!
	fi
	if [ "$n" -eq 0 ]; then send_without_guest "$limit"; else send_from_guests "$n" "$limit"; fi || return 1
	sleep 1.5 # what a capture holds back, it hands over within a second
	end_process "$host_capture" 10
	[ -z "$peer_dump" ] || end_process "$peer_dump" 10
	if [ "$engine" = bpf ] && [ "$(jq .records "$dir/host-capture.json")" = 0 ]; then
		say "tscope's capture at the host holds nothing (see $dir/host-capture.json); from now on tcpdump captures there"
		force_tcpdump=1
		return $once_more
	fi
	[ "$n" -eq 0 ] || collect_guests "$n" || return 1
	drop_lab
	[ "$n" -eq 0 ] || [ -s "$dir/guest1/acks.pcapng" ] || { say "the guest brought back no capture"; return 1; }
	[ "$n" -eq 0 ] || clock_is_sound || { say "clock lost: the guest's time did not go as the host's; see $dir/guest1/dmesg.txt for its TSC"; return 1; }
	jq -n --argjson guests "$n" --argjson repetition "$2" --argjson bytes "$bytes" --arg offloads "$offloads" \
		--argjson lost "$3" --argjson dirty "$dirty" --argjson load "$load" --arg engine "$engine" \
		--arg host_file "${host_file##*/}" --argjson seconds $((SECONDS - began)) --argjson cpus "$(nproc)" --arg kernel "$kernel" \
		--arg accelerator "$(cat "$root/build/vm/accel" 2>/dev/null || echo none)" \
		'{guests: $guests, repetition: $repetition, bytes: $bytes, offloads: $offloads, host_engine: $engine,
		  host_file: $host_file, vms_lost: $lost, dirty_log: ($dirty == 1), host_cpus: $cpus, guest_kernel: $kernel,
		  accelerator: $accelerator, load_average_before: $load, seconds: $seconds}' >"$dir/run.json.new"
	mv "$dir/run.json.new" "$dir/run.json"
}
