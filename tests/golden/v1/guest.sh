# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The guest's part of generate: makes the captures in $OUT. Its argument is one of the functions at
# the end: "parallel" for a guest with two CPUs, "virtual" for one in virtual time.
. /tests/guest/lib.sh

all=driver,qdisc,socket,app
pids=()
slots=4096

# record NAME NAMESPACE ARGUMENT...: returns once the hooks are attached. The summary goes to
# NAME.json.
record() {
	local name=$1 netns=$2
	shift 2
	ip netns exec "$netns" tscope capture --json --ring-slots "$slots" -o "$name.pcapng" "$@" \
		>"$name.json" 2>"$name.log" &
	pids+=($!)
	wait_for "the capture $name" grep -q capturing "$name.log"
}

finish() {
	sleep 1
	kill -INT "${pids[@]}"
	wait "${pids[@]}"
	pids=()
}

both_ends() { # NAME ARGUMENT...
	record "$1-left" left "${@:2}"
	record "$1-right" right "${@:2}"
}

# transfer ADDRESS BYTES CHUNK GAP_US: left sends to right, from port 40001 to port 5201.
transfer() {
	start_exchange "transfer" right "$1" 5201 "${@:2}" 40001
	stop_exchange
}

offloads() { # NAMESPACE DEVICE FEATURE...
	ip netns exec "$1" ethtool -K "${@:2}" >/dev/null
}

alone() {
	record tcp-bpf-alone left --engine bpf -p 5201 --at $all
	transfer 10.9.0.2 30000 2000 2000
	finish
}

tcp() {
	local engine
	for engine in kmod bpf; do
		both_ends "tcp-$engine" --engine $engine -p 5201 --at $all
	done
	transfer 10.9.0.2 40000 2000 2000
	transfer fd09::2 20000 2000 2000
	finish
}

# A device without a link header in the namespace makes a file of raw IP.
raw_ip() {
	ip -n left link add t0 type ipip local 10.9.0.1 remote 10.9.0.2
	ip -n left link set t0 up
	record tcp-raw-ip left -p 5201 --at $all
	transfer 10.9.0.2 20000 2000 2000
	finish
	ip -n left link del t0
}

ask() { # ADDRESS NUMBER SIZE
	ip netns exec right datagrams answer "$1" 5301 "$2" 2>>answer.log &
	local answering=$!
	wait_for "the answering side" sh -c "ip netns exec right ss -Hlun | grep -q ':5301 '"
	ip netns exec left datagrams ask "$1" 5301 "$2" "$3"
	wait $answering
}

datagrams() {
	local address engine
	for engine in kmod bpf; do
		record "datagrams-$engine-left" left --engine $engine --proto udp,icmp --at $all
	done
	record datagrams-kmod-right right --engine kmod --proto udp,icmp --at $all
	ask 10.9.0.2 12 100
	ask fd09::2 12 100
	for address in 10.9.0.2 fd09::2; do
		ip netns exec left ping -q -c 6 -i 0.05 -s 100 $address >>ping.log
	done
	finish
	record fragments left --proto icmp --at $all
	for address in 10.9.0.2 fd09::2; do
		ip netns exec left ping -q -c 4 -i 0.05 -s 3000 $address >>ping.log
	done
	finish
}

sessions() {
	local engine
	for engine in kmod bpf; do
		record "sessions-$engine" left --engine $engine --sessions
	done
	transfer 10.9.0.2 3000 1000 1000
	transfer fd09::2 3000 1000 1000
	finish
}

# Nothing to be seen; several namespaces; a capture that was killed, so its end is missing.
odd_ones() {
	record empty left -p 5999 --at $all
	finish
	record all-netns left --all-netns -p 5201 --at driver,qdisc,socket-tx
	transfer 10.9.0.2 6000 1000 1000
	finish
	record killed left -p 5201 --at $all
	transfer 10.9.0.2 20000 2000 2000
	sleep 2
	kill -9 "${pids[@]}"
	wait "${pids[@]}" 2>/dev/null || true
	pids=()
}

# Rings that hold next to nothing; offloads are off.
too_small() {
	local engine
	for engine in kmod bpf; do
		for slots in 128 64 32 16; do
			record "loss-$engine" left --engine $engine -p 5201 --at driver,socket
			transfer 10.9.0.2 300000 50000 0
			finish
			[ "$(jq .loss.lost "loss-$engine.json")" -lt 20 ] || break
		done
		jq -c "[\"$engine\", $slots, .records, .loss]" "loss-$engine.json"
	done
	slots=4096
}

# Segments cut behind the queue and merged again by GRO.
merged() {
	offloads left l0 tso off gso on
	offloads right r0 gro on
	both_ends merged -p 5201 --at $all
	transfer 10.9.0.2 150000 30000 3000
	finish
	offloads left l0 tso on
	offloads right r0 gro off
}

# Segments as on the wire, some of which the network loses.
retransmissions() {
	local attempt dropped
	offloads_off
	for attempt in 1 2 3 4 5 6; do
		ip netns exec left tc qdisc add dev l0 root netem loss 6% limit 1000
		both_ends retransmissions -p 5201 --at $all
		transfer 10.9.0.2 70000 2800 3000
		finish
		dropped=$(ip netns exec left tc -s -j qdisc show dev l0 | jq '[.[].drops] | add')
		ip netns exec left tc qdisc del dev l0 root
		[ "$dropped" -lt 2 ] || break
	done
	echo "retransmissions: $dropped dropped, attempt $attempt"
}

reflected() { # COMMAND...: while a reflector runs
	ip netns exec right tscope reflect --json >reflect.json 2>reflect.log &
	local reflector=$!
	wait_for "the reflector" grep -q 'reflecting on' reflect.log
	"$@"
	kill -INT $reflector
	wait $reflector
}
train() { # NAME ADDRESS ARGUMENT...
	ip netns exec left tscope train "$2" --replies --json -o "$1.pcapng" "${@:3}" \
		>"$1.json" 2>"$1.log"
}

trains() {
	record train-kmod-right right --proto udp -p 862 --at driver-rx,socket-rx
	reflected train train-kmod 10.9.0.2 --engine kmod --count 60 --gap 2ms
	finish
	reflected train train-qdisc fd09::2 --engine kmod --hand-over qdisc --schedule pairs --count 40
	# Followed on its way there and back too.
	both_ends reflected --proto udp -p 862 --at $all
	reflected train train-user 10.9.0.2 --engine user --schedule poisson --count 25 --gap 3ms
	finish
	reflected ip netns exec left tscope ping 10.9.0.2 --udp -c 10 -i 0.05 --json >ping.json
}

# A NIC that has a clock and does not stamp: its clock's readings.
nic() {
	local device
	modprobe -a igb e1000e 2>/dev/null || true
	device=$(ip -j link | jq -r '[.[].ifname | select(startswith("e"))][0] // empty')
	[ -n "$device" ] || { echo "nic: none"; return; }
	ip link set "$device" up
	ip addr add 10.9.9.1/24 dev "$device"
	wait_for "the link" grep -q 1 "/sys/class/net/$device/carrier"
	ip neigh replace 10.9.9.2 dev "$device" lladdr 02:00:00:00:00:02 nud permanent
	tscope capture --json --proto icmp --at driver,hw -i "$device" --ring-slots $slots \
		-o nic.pcapng >nic.json 2>nic.log &
	pids+=($!)
	wait_for "the capture at the NIC" sh -c "grep -q capturing nic.log || ! kill -0 $!"
	if grep -q capturing nic.log; then
		ping -q -i 0.05 -c 10 -W 1 10.9.9.2 >>ping.log || true
		finish
		jq -c .nics nic.json
	else
		cat nic.log
		pids=()
	fi
}

# Full segments at 20 Mbit/s, one every 615 us, and their ACKs: held for up to 8 ms on their way
# back, or not held.
compression() {
	local name
	offloads_off
	ip netns exec left tc qdisc add dev l0 root tbf rate 20mbit burst 1600 latency 400ms
	for name in compressed steady; do
		[ $name = steady ] || ip netns exec right tc qdisc add dev r0 root netem slot 8ms
		record $name-left left -p 5201 --at driver-rx,socket-rx
		record $name-right right -p 5201 --at socket-tx,qdisc-tx,driver-tx
		# Of what comes before the queue alone, so that the queue lies between two captures.
		[ $name = steady ] || record $name-before right -p 5201 --at qdisc-tx
		[ $name = steady ] || record $name-bpf left --engine bpf -p 5201 --at driver-rx,socket-rx
		transfer 10.9.0.2 350000 50000 0
		finish
		[ $name = steady ] || ip netns exec right tc qdisc del dev r0 root
	done
	ip netns exec left tc qdisc del dev l0 root
}

parallel() {
	make_pair
	alone
	load_module
	nic
	tcp
	datagrams
	sessions
	odd_ones
	merged
	retransmissions
	too_small
	raw_ip # last: with the tunnel's module each namespace has such a device
	drop_pair
}

virtual() {
	load_module
	make_pair
	settle
	trains
	compression
	drop_pair
}

cd "$OUT" || exit
"$1"
jq -c '[input_filename, .records, .loss.lost]' ./*.json 2>/dev/null || true
