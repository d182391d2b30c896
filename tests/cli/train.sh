# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tscope train without the module: bad input says one line before anything is sent; trains over loopback and a
# veth arrive, and tshark reads their fields as we do.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
tscope=build/tscope
work=$(mktemp -d)
near=tst$$a far=tst$$b
cleanup() {
	ip netns del $near 2>/dev/null
	ip netns del $far 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT

ok() { echo "ok train: $1"; }
not_ok() { echo "not ok train: $1: $2"; }
check() { # WHAT DETAIL CONDITION...
	local what=$1 detail=$2
	shift 2
	if "$@"; then ok "$what"; else not_ok "$what" "$detail"; fi
}
said() { # WHAT STATUS PATTERN COMMAND...
	local what=$1 wanted=$2 pattern=$3 status=0
	shift 3
	timeout 20 "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	if [ $status -eq "$wanted" ] && [ "$(wc -l <"$work/err")" -eq 1 ] && [ ! -s "$work/out" ] && grep -qE "$pattern" "$work/err"; then
		ok "$what"
	else
		not_ok "$what" "status $status, said: $(head -c 300 "$work/err")"
	fi
}
refused() { # WHAT STATUS PATTERN ARGUMENT...
	local what=$1 wanted=$2 pattern=$3
	shift 3
	said "$what" "$wanted" "$pattern" $tscope train --engine user "$@"
}

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
refused "no destination" 2 'help'
refused "gap 0" 2 'above 0' 127.0.0.1 --gap 0
refused "gap below 0" 2 'above 0' 127.0.0.1 --gap=-1ms
refused "gap that is none" 2 'above 0' 127.0.0.1 --gap often
refused "count 0" 2 '1 to 4000000' 127.0.0.1 --count 0
refused "count below 0" 2 '1 to 4000000' 127.0.0.1 --count=-5
refused "count below 0 as a word of its own" 2 '1 to 4000000' 127.0.0.1 --count -5
refused "too many probes" 2 '1 to 4000000' 127.0.0.1 --count 4000001
refused "absurdly many probes" 2 '1 to 4000000' 127.0.0.1 --count 99999999999999999999999
refused "size below STAMP's" 2 '44 to' 127.0.0.1 --size 43
refused "size above UDP's" 2 '44 to' 127.0.0.1 --size 70000
refused "unknown schedule" 2 'poisson' 127.0.0.1 --schedule often
refused "option of another schedule" 2 'leave it out' 127.0.0.1 --slot 1ms
refused "odd pairs" 2 'even' 127.0.0.1 --schedule pairs --count 3
refused "no file of times" 2 '\-\-times' 127.0.0.1 --schedule file
refused "file of times that is not there" 1 '\-\-times' 127.0.0.1 --times "$work/none"
printf '0\n0.2\n0.1\n' >"$work/times"
refused "times not ascending" 2 'line 3' 127.0.0.1 --times "$work/times"
printf '0\n-1\n' >"$work/times"
refused "time below 0" 2 'line 2' 127.0.0.1 --times "$work/times"
printf '0 44\n1 70000\n' >"$work/times"
refused "size in a file of times" 2 'line 2' 127.0.0.1 --times "$work/times"
refused "port 0" 2 '1 to 65535' 127.0.0.1 --port 0
said "unknown engine" 2 'kmod, user or auto' $tscope train 127.0.0.1 --engine magic
refused "unknown way to wait" 2 'spin, sleep or txtime' 127.0.0.1 --user-mode hope
refused "hand-over without the module" 2 'kmod' 127.0.0.1 --hand-over qdisc
refused "a CPU that is not there" 2 '\-\-cpu' 127.0.0.1 --cpu 4000
refused "an absurd lateness" 2 'at most 1 s' 127.0.0.1 --late 2s
refused "a name that does not resolve" 1 'does not resolve' nowhere.invalid
refused "broadcast" 2 'one host' 255.255.255.255
refused "link-local without an interface" 2 '%eth0' fe80::1
refused "no etf qdisc" 1 'etf' 127.0.0.1 --user-mode txtime
refused "a file that can't be written" 1 'can.t write' 127.0.0.1 -o "$work/none/probes.pcapng"
if [ ! -e /dev/tscope ]; then
	said "kmod without the module" 1 'insmod' $tscope train 127.0.0.1 --engine kmod
else
	echo "skip train: kmod without the module # there is /dev/tscope"
fi

# Plans.
plan() { $tscope train 10.9.8.7 --dry-run "$@"; }
check "a plan needs no network and has a line a probe" "" [ "$(plan --count 5 --gap 2ms | tail -1)" = "4 0.008000000 44" ]
check "the same seed, the same plan" "" cmp -s <(plan --schedule poisson --seed 7) <(plan --schedule poisson --seed 7)
check "another seed, another plan" "" [ "$(plan --schedule geometric --seed 7 | cksum)" != "$(plan --schedule geometric --seed 8 | cksum)" ]
plan --schedule chirp --count 50 | awk '!/^#/ {print $2, $3}' >"$work/times"
check "a plan is a file of times" "" cmp -s <(plan --times "$work/times") <(plan --schedule chirp --count 50)

# Over loopback.
for address in 127.0.0.1 ::1; do
	begin_sink "$address"
	$tscope train "$address" --engine user --port "$port" --count 200 --gap 500us --size 99 -o "$work/probes.pcapng" --json >"$work/report" 2>"$work/err"
	status=$?
	end_sink "$address"
	check "200 probes to $address arrive, whole and in order" "got $got: $(cat "$work/err")" [ "$got" = "200 $((200 * 99)) in-order" ]
	check "the report says so" "status $status" [ "$status $(jq -r '"\(.sent) \(.failed) \(.recorded) \(.lateness_ns.count) \(.gap_error_ns.count)"' "$work/report")" = "0 200 0 200 200 199" ]
	check "the report has its keys" "" [ "$(jq '[.late, .contended, .lateness_ns.p99, .spin_error_ns.max, .gap_error_ns.p50, .cpu.busy_share] | all(type == "number")' "$work/report")" = true ]
	if command -v tshark >/dev/null; then
		tshark -r "$work/probes.pcapng" -d "udp.port==$port,twamp.test" -T fields -E separator=, \
			-e twamp.test.seq_number -e frame.interface_name -e udp.checksum.status -e udp.length -o udp.check_checksum:TRUE 2>/dev/null >"$work/fields"
		seq 0 199 | sed "s|\$|,lo/app-tx,%,107|" >"$work/wanted"
		# 2: tshark says "unverified" where the capture holds less than the frame.
		check "tshark's STAMP dissector agrees on $address" "$(head -2 "$work/fields")" cmp -s <(sed -E 's/,[0-9],107$/,%,107/' "$work/fields") "$work/wanted"
	else
		echo "skip train: tshark's fields on $address # no tshark"
	fi
done

# What stands in the packets on the wire, by another program: sequence numbers, and times that ascend by the gap.
begin_sink 127.0.0.1
if command -v tcpdump >/dev/null && [ "$(id -u)" -eq 0 ]; then
	: >"$work/tcpdump"
	timeout 20 tcpdump -i lo -c 50 -w "$work/wire.pcap" "udp dst port $port" 2>"$work/tcpdump" &
	tcpdump=$!
	until grep -q listening "$work/tcpdump"; do sleep 0.05; done
	$tscope train 127.0.0.1 --engine user --port "$port" --count 50 --gap 2ms -o "$work/probes.pcapng" 2>"$work/err"
	wait $tcpdump
	fields() { tshark -r "$1" -d "udp.port==$port,twamp.test" -T fields -e twamp.test.seq_number -e twamp.test.timestamp -e twamp.test.error_estimate -e ip.ttl -e udp.checksum 2>/dev/null; }
	fields "$work/wire.pcap" | cut -f 1-4 >"$work/wire"
	fields "$work/probes.pcapng" | cut -f 1-4 >"$work/file"
	check "the file's probes are those on the wire" "$(diff "$work/wire" "$work/file" | head -3)" cmp -s "$work/wire" "$work/file"
	check "50 of them" "$(wc -l <"$work/wire")" [ "$(wc -l <"$work/wire")" -eq 50 ]
else
	echo "skip train: probes on the wire # needs tcpdump and root"
fi
end_sink 127.0.0.1

# ^C: what was sent is reported.
begin_sink 127.0.0.1
$tscope train 127.0.0.1 --engine user --port "$port" --count 100000 --gap 1ms -o "$work/cut.pcapng" --json >"$work/report" 2>"$work/err" &
train=$!
sleep 1
kill -INT $train
wait $train
status=$?
end_sink 127.0.0.1
sent=$(jq .sent "$work/report")
check "^C ends a train with its report" "status $status, sent $sent, got $got" [ "$status ${got% *}" = "0 $sent $((sent * 44))" ]
check "and the probes not sent are told" "" [ "$(jq '.sent + .failed + .left' "$work/report")" -eq 100000 ]
check "and the file has what was sent" "" [ "$(tshark -r "$work/cut.pcapng" 2>/dev/null | wc -l)" -eq "$sent" ]

# With a reflector at the other end.
reflect_port=$((20000 + $$ % 20000))
$tscope reflect --address 127.0.0.1 --port $reflect_port --duration 120s >/dev/null 2>"$work/reflector" &
reflector=$!
until grep -q 'reflecting on' "$work/reflector" || ! kill -0 $reflector; do sleep 0.05; done
$tscope train 127.0.0.1 --engine user --port $reflect_port --schedule pairs --count 100 --replies --json >"$work/report" 2>"$work/err"
check "a reflector's answers are reported" "$(cat "$work/err")" [ "$(jq -r '"\(.sent) \(.replies.sent) \(.replies.answered) \(.replies.loss.lost)"' "$work/report")" = "100 100 100 0" ]
kill -INT $reflector
wait $reflector

# Through a veth: neighbours, interfaces.
if [ "$(id -u)" -ne 0 ] || ! ip netns add $near 2>/dev/null; then
	echo "skip train: over a veth # needs root and network namespaces"
	exit 0
fi
ip netns add $far
ip -n $near link add v0 type veth peer name v1 netns $far
ip -n $near addr add 10.77.0.1/24 dev v0
ip -n $near addr add fd77::1/64 dev v0 nodad
ip -n $far addr add 10.77.0.2/24 dev v1
ip -n $far addr add fd77::2/64 dev v1 nodad
inside() { ip netns exec $near "$@"; }
in_near() { # WHAT STATUS PATTERN ARGUMENT...
	local what=$1 wanted=$2 pattern=$3
	shift 3
	said "$what" "$wanted" "$pattern" ip netns exec $near $tscope train --engine user "$@"
}
in_near "interface down" 1 'no route' 10.77.0.2
ip -n $near link set v0 up
in_near "no carrier" 1 'carrier|no route' 10.77.0.2
ip -n $far link set v1 up
ip -n $near link set lo up
sleep 0.2
in_near "unresolved neighbour" 1 'does not answer' 10.77.0.9
in_near "unresolved IPv6 neighbour" 1 'does not answer' fd77::9
in_near "no route" 1 'no route' 192.0.2.1
in_near "larger than the MTU" 2 'at most 1472' 10.77.0.2 --size 1473
ip -n $near route add unreachable 198.51.100.0/24
in_near "an unreachable route" 1 'no route' 198.51.100.1
ip -n $near tuntap add tun0 mode tun 2>/dev/null && ip -n $near addr add 10.78.0.1/24 dev tun0 && ip -n $near link set tun0 up
in_near "an interface without Ethernet" 1 'not Ethernet|carrier|no route' 10.78.0.2
datagrams_out() {
	inside cat /proc/net/snmp /proc/net/snmp6 |
		awk '/^Udp: [0-9]/ { n += $5 } /^Udp6OutDatagrams/ { n += $2 } END { print n }'
}
before=$(datagrams_out)
in_near "and again larger than the MTU" 2 'at most' 10.77.0.2 --size 9000
check "nothing was sent by what was refused" "" [ "$(datagrams_out)" = "$before" ]
for address in 10.77.0.2 fd77::2; do
	begin_sink "$address" ip netns exec $far
	inside $tscope train "$address" --engine user --port "$port" --count 100 --gap 200us --size 1200 -o "$work/probes.pcapng" --json >"$work/report" 2>"$work/err"
	end_sink "$address" ip netns exec $near
	check "100 probes to $address over a veth" "got $got; $(cat "$work/err")" [ "$got" = "100 120000 in-order" ]
	mac=$(inside cat /sys/class/net/v0/address)
	peer=$(ip netns exec $far cat /sys/class/net/v1/address)
	check "with the Ethernet addresses of both ends" "" [ "$(tshark -r "$work/probes.pcapng" -c 1 -T fields -e eth.src -e eth.dst 2>/dev/null)" = "$mac	$peer" ]
done
# A sender without privileges has no real-time scheduling, and says so.
if command -v setpriv >/dev/null; then
	inside setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all $tscope train 10.77.0.2 --engine user --count 5 >"$work/out" 2>"$work/err"
	check "without privileges it sends and says what it lacks" "$(cat "$work/err")" grep -q 'CAP_SYS_NICE' "$work/err"
	ip -n $near neigh flush dev v0
	in_near_plain() { said "without privileges, an unresolved neighbour" 1 'ping it once|does not answer' ip netns exec $near setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all $tscope train 10.77.0.9 --engine user; }
	in_near_plain
fi
