# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Captures of one device or one network namespace, by tracepoints alone, while devices are renamed,
# deleted and made anew, and while the namespace goes. In namespaces made here:
#
#   ┌ $here ───────────────────────┐            ┌ $there ────────┐
#   │ mv0 (macvlan) ─ v0  10.9.1.1 │─── veth ───│ w0    10.9.1.2 │
#   └──────────────────────────────┘            └────────────────┘
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/results.sh
. tests/results.sh
# shellcheck source=tests/figures.sh
. tests/figures.sh
# shellcheck source=tests/wait.sh
. tests/wait.sh
tscope=$PWD/build/tscope
work=$(mktemp -d)
here=tscope-$$-h there=tscope-$$-t
pids=()

clean() {
	local pid netns
	for pid in "${pids[@]}"; do kill -9 "$pid" && wait "$pid"; done 2>/dev/null
	for netns in $here $there; do ip netns del $netns 2>/dev/null; done
	rm -rf "$work"
}
trap clean EXIT

why=$("$tscope" doctor --json 2>/dev/null |
	jq -r '.checks[] | select(.name == "BPF programs") |
		select(.what | startswith("loaded") | not) | .what')
if [ -n "$why" ]; then
	skip "devices that change" "$why"
	exit 0
fi

make_link() { # the veth, anew
	ip link add v0 netns $here type veth peer name w0 netns $there
	ip -n $here addr add 10.9.1.1/24 dev v0
	ip -n $there addr add 10.9.1.2/24 dev w0
	ip -n $here link set v0 up
	ip -n $there link set w0 up
}
in_here() { ip netns exec $here "$@"; }
pings() { # NUMBER ADDRESS
	in_here ping -q -c "$1" -i 0.01 "$2" >/dev/null
}
# start NAME ARGUMENTS...: in $here if no namespace is named
start() {
	local name=$1 prefix=(ip netns exec "$here")
	shift
	[[ " $* " != *" --netns $here "* ]] || prefix=()
	"${prefix[@]}" "$tscope" capture --json --engine bpf --proto icmp --at driver \
		-o "$work/$name.pcapng" "$@" >"$work/$name.json" 2>"$work/$name.log" &
	captured=$!
	pids+=("$captured")
	wait_until 30 grep -q capturing "$work/$name.log" ||
		not_ok "capture $name does not start: $(head -c 300 "$work/$name.log")"
}
stop() {
	kill -INT $captured
	wait $captured
}
ended() { ! kill -0 $captured; }
names() { # FILE: "2 v0 ...": how many records each device has
	tshark -r "$1" -T fields -e frame.interface_name 2>/dev/null |
		sed 's#/.*##' | sort | uniq -c | xargs
}

for netns in $here $there; do ip netns add $netns && ip -n $netns link set lo up; done
make_link
pings 2 10.9.1.2

# Renamed, and back: each record has the name of its time. Between the two nothing passes.
start renamed -i v0
pings 5 10.9.1.2
sleep 0.3
ip -n $here link set v0 name wan0
sleep 0.3
pings 7 10.9.1.2
sleep 0.3
ip -n $here link set wan0 name v0
sleep 0.3
pings 5 10.9.1.2
stop
is "$(names "$work/renamed.pcapng")" "20 v0 14 wan0" "records of a renamed device have both names"
prints "v0 was renamed wan0" "and the capture says so" cat "$work/renamed.log"
is "$(jq '.warnings | length' "$work/renamed.json")" 2 "twice, in JSON too"

# Deleted: nothing of another device that gets its name, and the capture does not run on in silence.
start gone -i v0
pings 5 10.9.1.2
ip -n $here link del v0
make_link
holds "a capture of a deleted device ends" wait_until 30 ended
wait $captured
is $? 0 "with what it had saved"
is "$(jq -c '[.device_gone, .records]' "$work/gone.json")" "[true,10]" "all of it"
prints "v0 went away" "and says why it ended" cat "$work/gone.log"

# A device's number is another device's in another namespace: the loopback device has 1 in each.
start other --netns all -i lo
pings 5 10.9.1.2
ip netns exec $there ping -q -c 5 -i 0.01 10.9.1.2 >/dev/null
stop
is "$(jq .records "$work/other.json")" 0 "--netns all -i lo: nothing of other namespaces' loopback devices"
start all --netns all -i v0
pings 10 10.9.1.2
stop
is "$(names "$work/all.pcapng")" "20 v0" "--netns all -i v0: that device alone"

# Above another device.
ip -n $here link add link v0 name mv0 type macvlan mode bridge
ip -n $here addr add 10.9.2.1/24 dev mv0
ip -n $there addr add 10.9.2.2/24 dev w0
ip -n $here link set mv0 up
start above -i mv0
pings 10 10.9.2.2
stop
prints "driver-rx does not see what mv0 receives.*from v0" "a macvlan: a warning names the device below" \
	cat "$work/above.log"
is "$(at driver-tx records "$work/above.json")" 10 "what it sends is recorded"
is "$(jq -r '.counter_check.interfaces[] | select(.vantage == "driver-rx") | .doubt' "$work/above.json")" \
	lower-device "and the file says what became of the rest"
in_here "$tscope" capture --engine bpf --proto icmp --at driver -i mv0 -o /dev/null --duration 1s 2>"$work/text" &
captured=$!
pids+=("$captured")
wait_until 30 grep -q capturing "$work/text"
pings 10 10.9.2.2
wait $captured
prints "driver-rx saw 0 of the [0-9]+ packets that mv0" "and so does the summary" cat "$work/text"

# A namespace that is named is visited, not kept.
start netns --netns $here
pings 5 10.9.1.2
ip netns del $here
holds "--netns does not keep a namespace alive: its devices go with it" \
	wait_until 30 sh -c "! ip -n $there link show w0"
holds "and the capture ends" wait_until 30 ended
wait $captured
is "$(jq -c '[.netns_gone, .records]' "$work/netns.json")" "[true,10]" "with what it had"

# Nothing says that a capture fails where only the loopback device is down.
ip netns add $here
ip netns exec $here "$tscope" doctor --json >"$work/doctor.json" 2>/dev/null
is $? 0 "doctor with the loopback device down: captures work"
is "$(jq -r '.capture_works, (.checks[] | select(.name == "packet to self") | .state)' "$work/doctor.json" | xargs)" \
	"true warn" "and what could not be tried is a warning"

# What BPF programs at tracepoints can't stamp.
if "$tscope" capture --engine bpf --at socket -o /dev/null --duration 100ms 2>/dev/null; then
	skip "vantage points and protocols that lack" "functions can be hooked here, nothing lacks"
else
	refused 1 'here works --at driver-rx,driver-tx' "--at app,driver: the error says what works" \
		"$tscope" capture --engine bpf --at app-tx,driver -o /dev/null --duration 100ms
	prints 'no record of icmp at app-rx' "--proto tcp,icmp --at app-rx: a warning" \
		"$tscope" capture --engine bpf --proto tcp,icmp --at app-rx -o /dev/null --duration 100ms
	"$tscope" ping --udp -c 1 -W 1 127.0.0.1 >"$work/ping" 2>&1 || true
	is "$(grep -c 'lacking: stamps of an engine' "$work/ping")" 1 "ping says what it lacks"
	is "$(grep -c -e '--at' "$work/ping")" 0 "and offers no option that it does not have"
fi
