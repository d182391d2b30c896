# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tscope train without the module: bad input says one line before anything is sent; trains over
# loopback and a veth arrive, and tshark reads their fields as we do.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/results.sh
. tests/results.sh
tscope=build/tscope
work=$(mktemp -d)
near=tst$$a far=tst$$b
cleanup() {
	ip netns del $near 2>/dev/null
	ip netns del $far 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT

train() { timeout 20 $tscope train --engine user "$@"; }

# A plain sink: datagrams in, their number out.
cat >"$work/sink.py" <<'PYTHON'
import socket, sys
host, port, ready = sys.argv[1], int(sys.argv[2]), sys.argv[3]
s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
s.bind((host, port))
open(ready, "w").write(str(s.getsockname()[1]))
got, order, size = 0, [], 0
s.settimeout(20)
try:
    while True:
        data = s.recv(65535)
        if data == b"end":
            break
        got, size = got + 1, size + len(data)
        order.append(int.from_bytes(data[:4], "big"))
except socket.timeout:
    pass
print(got, size, "in-order" if order == sorted(order) else "out-of-order")
PYTHON
begin_sink() { # ADDRESS [COMMAND...]; sets $port
	local address=$1
	shift
	rm -f "$work/port"
	"$@" python3 "$work/sink.py" "$address" 0 "$work/port" >"$work/sink" &
	sink=$!
	until [ -s "$work/port" ]; do sleep 0.05; done
	port=$(cat "$work/port")
}
end_sink() { # ADDRESS [COMMAND...]; sets $got
	local address=$1
	shift
	"$@" python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"end", (sys.argv[1], int(sys.argv[2])))' "$address" "$port"
	wait "$sink"
	got=$(cat "$work/sink")
}

# Bad input.
refused 2 'help' "no destination" train
refused 2 'above 0' "gap 0" train 127.0.0.1 --gap 0
refused 2 'above 0' "gap below 0" train 127.0.0.1 --gap=-1ms
refused 2 'above 0' "gap that is none" train 127.0.0.1 --gap often
refused 2 '1 to 4000000' "count 0" train 127.0.0.1 --count 0
refused 2 '1 to 4000000' "count below 0" train 127.0.0.1 --count=-5
refused 2 '1 to 4000000' "count below 0 as a word of its own" train 127.0.0.1 --count -5
refused 2 '1 to 4000000' "too many probes" train 127.0.0.1 --count 4000001
refused 2 '1 to 4000000' "absurdly many probes" train 127.0.0.1 --count 99999999999999999999999
refused 2 '44 to' "size below STAMP's" train 127.0.0.1 --size 43
refused 2 '44 to' "size above UDP's" train 127.0.0.1 --size 70000
refused 2 'poisson' "unknown schedule" train 127.0.0.1 --schedule often
refused 2 'leave it out' "option of another schedule" train 127.0.0.1 --slot 1ms
refused 2 'even' "odd pairs" train 127.0.0.1 --schedule pairs --count 3
refused 2 '\-\-times' "no file of times" train 127.0.0.1 --schedule file
refused 1 '\-\-times' "file of times that is not there" train 127.0.0.1 --times "$work/none"
printf '0\n0.2\n0.1\n' >"$work/times"
refused 2 'line 3' "times not ascending" train 127.0.0.1 --times "$work/times"
printf '0\n-1\n' >"$work/times"
refused 2 'line 2' "time below 0" train 127.0.0.1 --times "$work/times"
printf '0 44\n1 70000\n' >"$work/times"
refused 2 'line 2' "size in a file of times" train 127.0.0.1 --times "$work/times"
refused 2 '1 to 65535' "port 0" train 127.0.0.1 --port 0
refused 2 'kmod, user or auto' "unknown engine" timeout 20 $tscope train 127.0.0.1 --engine magic
refused 2 'spin, sleep or txtime' "unknown way to wait" train 127.0.0.1 --user-mode hope
refused 2 'kmod' "hand-over without the module" train 127.0.0.1 --hand-over qdisc
refused 2 '\-\-cpu' "a CPU that is not there" train 127.0.0.1 --cpu 4000
refused 2 'at most 1 s' "an absurd lateness" train 127.0.0.1 --late 2s
refused 1 'does not resolve' "a name that does not resolve" train nowhere.invalid
refused 2 'one host' "broadcast" train 255.255.255.255
refused 2 '%eth0' "link-local without an interface" train fe80::1
refused 1 'etf' "no etf qdisc" train 127.0.0.1 --user-mode txtime
refused 1 'can.t write' "a file that can't be written" train 127.0.0.1 -o "$work/none/probes.pcapng"
if [ ! -e /dev/tscope ]; then
	refused 1 'insmod' "kmod without the module" timeout 20 $tscope train 127.0.0.1 --engine kmod
else
	skip "kmod without the module" "there is /dev/tscope"
fi

# Plans.
plan() { $tscope train 10.9.8.7 --dry-run "$@"; }
is "$(plan --count 5 --gap 2ms | tail -1)" "4 0.008000000 44" \
	"a plan needs no network and has a line a probe"
holds "the same seed, the same plan" cmp -s \
	<(plan --schedule poisson --seed 7) <(plan --schedule poisson --seed 7)
holds "another seed, another plan" test "$(plan --schedule geometric --seed 7 | cksum)" != \
	"$(plan --schedule geometric --seed 8 | cksum)"
plan --schedule chirp --count 50 | awk '!/^#/ {print $2, $3}' >"$work/times"
holds "a plan is a file of times" cmp -s \
	<(plan --times "$work/times") <(plan --schedule chirp --count 50)

# Over loopback.
for address in 127.0.0.1 ::1; do
	begin_sink "$address"
	$tscope train "$address" --engine user --port "$port" --count 200 --gap 500us --size 99 \
		-o "$work/probes.pcapng" --json >"$work/report" 2>"$work/err"
	status=$?
	end_sink "$address"
	is "$got" "200 $((200 * 99)) in-order" "200 probes to $address arrive, whole and in order"
	is "$status $(jq \
		-r '"\(.sent) \(.failed) \(.recorded) \(.lateness_ns.count) \(.gap_error_ns.count)"' \
		"$work/report")" "0 200 0 200 200 199" "the report says so"
	is "$(jq '[.late, .contended, .lateness_ns.p99, .spin_error_ns.max, .gap_error_ns.p50,
		.cpu.busy_share] | all(type == "number")' "$work/report")" true "the report has its keys"
	if command -v tshark >/dev/null; then
		tshark -r "$work/probes.pcapng" -d "udp.port==$port,twamp.test" -T fields -E separator=, \
			-e twamp.test.seq_number -e frame.interface_name -e udp.checksum.status -e udp.length \
			-o udp.check_checksum:TRUE 2>/dev/null >"$work/fields"
		seq 0 199 | sed "s|\$|,lo/app-tx,%,107|" >"$work/wanted"
		# 2: tshark says "unverified" where the capture holds less than the frame.
		holds "tshark's STAMP dissector agrees on $address" cmp -s \
			<(sed -E 's/,[0-9],107$/,%,107/' "$work/fields") "$work/wanted"
	else
		skip "tshark's fields on $address" "no tshark"
	fi
done

# What stands in the packets on the wire, by another program: sequence numbers, and times that
# ascend by the gap.
begin_sink 127.0.0.1
if command -v tcpdump >/dev/null && [ "$(id -u)" -eq 0 ]; then
	: >"$work/tcpdump"
	timeout 20 tcpdump -i lo -c 50 -w "$work/wire.pcap" "udp dst port $port" 2>"$work/tcpdump" &
	tcpdump=$!
	until grep -q listening "$work/tcpdump"; do sleep 0.05; done
	$tscope train 127.0.0.1 --engine user --port "$port" --count 50 --gap 2ms \
		-o "$work/probes.pcapng" 2>"$work/err"
	wait $tcpdump
	fields() { tshark -r "$1" -d "udp.port==$port,twamp.test" -T fields -e twamp.test.seq_number \
		-e twamp.test.timestamp -e twamp.test.error_estimate -e ip.ttl \
		-e udp.checksum 2>/dev/null; }
	fields "$work/wire.pcap" | cut -f 1-4 >"$work/wire"
	fields "$work/probes.pcapng" | cut -f 1-4 >"$work/file"
	is "$(diff "$work/wire" "$work/file" | head -3)" "" "the file's probes are those on the wire"
	is "$(wc -l <"$work/wire")" 50 "50 of them"
else
	skip "probes on the wire" "needs tcpdump and root"
fi
end_sink 127.0.0.1

# ^C: what was sent is reported.
begin_sink 127.0.0.1
$tscope train 127.0.0.1 --engine user --port "$port" --count 100000 --gap 1ms \
	-o "$work/cut.pcapng" --json >"$work/report" 2>"$work/err" &
train=$!
sleep 1
kill -INT $train
wait $train
status=$?
end_sink 127.0.0.1
sent=$(jq .sent "$work/report")
is "$status ${got% *}" "0 $sent $((sent * 44))" "^C ends a train with its report"
is "$(jq '.sent + .failed + .left' "$work/report")" 100000 "and the probes not sent are told"
is "$(tshark -r "$work/cut.pcapng" 2>/dev/null | wc -l)" "$sent" "and the file has what was sent"

# With a reflector at the other end.
reflect_port=$((20000 + $$ % 20000))
$tscope reflect --address 127.0.0.1 --port $reflect_port \
	--duration 120s >/dev/null 2>"$work/reflector" &
reflector=$!
until grep -q 'reflecting on' "$work/reflector" || ! kill -0 $reflector; do sleep 0.05; done
$tscope train 127.0.0.1 --engine user --port $reflect_port --schedule pairs --count 100 --replies \
	--json >"$work/report" 2>"$work/err"
is "$(jq -c '[.sent, .replies.sent, .replies.answered, .replies.loss.lost]' "$work/report")" \
	'[100,100,100,0]' "a reflector's answers are reported"
kill -INT $reflector
wait $reflector

# Through a veth: neighbours, interfaces.
#
#   ┌ $near ──────────────┐            ┌ $far ───────────────┐
#   │ train            v0 │─── veth ───│ v1             sink │
#   │ 10.77.0.1   fd77::1 │            │ 10.77.0.2   fd77::2 │
#   └─────────────────────┘            └─────────────────────┘
if [ "$(id -u)" -ne 0 ] || ! ip netns add $near 2>/dev/null; then
	skip "over a veth" "needs root and network namespaces"
	exit 0
fi
ip netns add $far
ip -n $near link add v0 type veth peer name v1 netns $far
ip -n $near addr add 10.77.0.1/24 dev v0
ip -n $near addr add fd77::1/64 dev v0 nodad
ip -n $far addr add 10.77.0.2/24 dev v1
ip -n $far addr add fd77::2/64 dev v1 nodad
inside() { ip netns exec $near "$@"; }
train_near() { timeout 20 ip netns exec $near $tscope train --engine user "$@"; }
refused 1 'no route' "interface down" train_near 10.77.0.2
ip -n $near link set v0 up
refused 1 'carrier|no route' "no carrier" train_near 10.77.0.2
ip -n $far link set v1 up
ip -n $near link set lo up
sleep 0.2
refused 1 'does not answer' "unresolved neighbour" train_near 10.77.0.9
refused 1 'does not answer' "unresolved IPv6 neighbour" train_near fd77::9
refused 1 'no route' "no route" train_near 192.0.2.1
refused 2 'at most 1472' "larger than the MTU" train_near 10.77.0.2 --size 1473
ip -n $near route add unreachable 198.51.100.0/24
refused 1 'no route' "an unreachable route" train_near 198.51.100.1
ip -n $near tuntap add tun0 mode tun 2>/dev/null && ip -n $near addr add 10.78.0.1/24 dev tun0 &&
	ip -n $near link set tun0 up
refused 1 'not Ethernet|carrier|no route' "an interface without Ethernet" train_near 10.78.0.2
datagrams_out() {
	inside cat /proc/net/snmp /proc/net/snmp6 |
		awk '/^Udp: [0-9]/ { n += $5 } /^Udp6OutDatagrams/ { n += $2 } END { print n }'
}
before=$(datagrams_out)
refused 2 'at most' "and again larger than the MTU" train_near 10.77.0.2 --size 9000
is "$(datagrams_out)" "$before" "nothing was sent by what was refused"
for address in 10.77.0.2 fd77::2; do
	begin_sink "$address" ip netns exec $far
	inside $tscope train "$address" --engine user --port "$port" --count 100 --gap 200us \
		--size 1200 -o "$work/probes.pcapng" --json >"$work/report" 2>"$work/err"
	end_sink "$address" ip netns exec $near
	is "$got" "100 120000 in-order" "100 probes to $address over a veth"
	mac=$(inside cat /sys/class/net/v0/address)
	peer=$(ip netns exec $far cat /sys/class/net/v1/address)
	is "$(tshark -r "$work/probes.pcapng" -c 1 -T fields -e eth.src -e eth.dst 2>/dev/null)" \
		"$mac	$peer" "with the Ethernet addresses of both ends"
done
# A sender without privileges has no real-time scheduling, and says so.
if command -v setpriv >/dev/null; then
	plain=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all)
	inside "${plain[@]}" $tscope train 10.77.0.2 --engine user --count 5 >"$work/out" 2>"$work/err"
	holds "without privileges it sends and says what it lacks" grep -q 'CAP_SYS_NICE' "$work/err"
	ip -n $near neigh flush dev v0
	refused 1 'ping it once|does not answer' "without privileges, an unresolved neighbour" \
		inside "${plain[@]}" $tscope train 10.77.0.9 --engine user
fi
