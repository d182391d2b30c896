# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12 debug
# Who may capture what; each refusal is one line, exit status 1, and changes nothing.
. /tests/guest/lib.sh

load_module
capture=(tscope capture -p 5201 --duration 1s -o /dev/null)
refused 1 'root' "a user without the device" setpriv --reuid 65534 --regid 65534 --clear-groups "${capture[@]}"
refused 1 'CAP_NET_RAW' "root without CAP_NET_RAW" setpriv --bounding-set=-net_raw "${capture[@]}"
refused 1 'CAP_NET_ADMIN' "all namespaces without CAP_NET_ADMIN" setpriv --bounding-set=-net_admin "${capture[@]}" --all-netns
holds "one's own namespace without CAP_NET_ADMIN" setpriv --bounding-set=-net_admin "${capture[@]}"
# The device given to a group: capture still asks for the capability.
chmod 666 /dev/tscope
refused 1 'CAP_NET_RAW' "a user with the device but no capability" setpriv --reuid 65534 --regid 65534 --clear-groups "${capture[@]}"
holds "a user with the device in a namespace of their own" \
	setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Urn tscope capture -p 5201 --duration 1s -o /dev/null
refused 1 'CAP_NET_ADMIN' "all namespaces from a user namespace" \
	setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Urn tscope capture -p 5201 --all-netns --duration 1s -o /dev/null

ip link set lo up
train=(tscope train 127.0.0.1 --engine kmod --json --count 50 --gap 1ms)
refused 1 'CAP_NET_RAW' "a train without CAP_NET_RAW" setpriv --bounding-set=-net_raw "${train[@]}"
refused 1 'CAP_NET_RAW' "a train of a user with the device but no capability" \
	setpriv --reuid 65534 --regid 65534 --clear-groups "${train[@]}"
normally() { # WHAT COMMAND...
	local what=$1
	shift
	"$@" >timer.json 2>timer.log || true
	holds "$what: sent by timer at normal priority, and the report says so ($(jq -c '[.sent, .timer, .notes]' timer.json))" \
		jq -e '.sent == 50 and .timer == 50 and any(.notes[]; test("normal priority.*CAP_SYS_NICE"))' timer.json
}
normally "a train without CAP_SYS_NICE" setpriv --bounding-set=-sys_nice "${train[@]}"
normally "a user's train in a namespace of their own" setpriv --reuid 65534 --regid 65534 --clear-groups \
	unshare -Urn sh -c "ip link set lo up && ${train[*]}"
# The module's threads and their scheduling classes: TS is normal, FF real-time.
threads() { ps -eo cls,comm | awk '$2 ~ /^tscope\// { print $1 }' | sort | uniq -c | xargs; }
setpriv --bounding-set=-sys_nice tscope train 127.0.0.1 --engine kmod --json --count 100000 --gap 1ms >long.json 2>long.log &
sending=$!
wait_for "the train" grep -q sending long.log
is "$(threads)" "1 TS" "its thread has no real-time priority"
tscope train 127.0.0.1 --engine kmod --json --count 100000 --gap 1ms >privileged.json 2>privileged.log &
privileged=$!
wait_for "the other train" grep -q sending privileged.log
is "$(threads)" "1 FF 1 TS" "while root's has one of its own"
kill -INT $sending $privileged
wait $sending $privileged || true
"${train[@]}" >spun.json 2>spun.log
holds "root's train needs no such note" jq -e '.sent == 50 and all(.notes[]; test("CAP_SYS_NICE") | not)' spun.json
rmmod tscope
refused 1 'insmod' "no module" "${capture[@]}" --engine kmod
