# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# Bad input where a module is there: one line that says what to do, exit status 1, nothing lost of what was captured.
. /tests/guest/lib.sh

load_module
make_pair
offloads_off
fails() { # WHAT STATUS PATTERN COMMAND...
	local what=$1 wanted=$2 pattern=$3 status=0
	shift 3
	"$@" >out 2>err || status=$?
	if [ $status -eq "$wanted" ] && [ "$(grep -c ^tscope: err)" -eq 1 ] && grep -qE "$pattern" err; then
		ok "$what ($(grep ^tscope: err))"
	else
		not_ok "$what: status $status, said: $(head -c 300 err)"
	fi
}
fails "unknown interface" 1 'no interface .*there are: .*lo' tscope capture -p 5201 -i nosuch0 -o x.pcapng
fails "output that can't be written" 1 "can't write" tscope capture -p 5201 -o /nosuch/x.pcapng
fails "ring slots that are no power of two" 2 'power of two' tscope capture -p 5201 --ring-slots 100 -o x.pcapng
fails "rings larger than memory" 1 'ring-slots' tscope capture -p 5201 --ring-slots 1048576 -o x.pcapng

# A full disk in mid-capture: what fits stays readable.
mkdir small
mount -t tmpfs -o size=400k tmpfs small
ip netns exec left tscope capture -p 5201 --at driver -o small/x.pcapng >full.out 2>full.err &
capture=$!
wait_for "the capture" grep -q capturing full.err
start_exchange full right 10.9.0.2 5201 3000000 1400
status=0
wait "$capture" || status=$?
stop_exchange
is "$status" 1 "a full disk ends the capture with status 1"
holds "a full disk is said in one line ($(grep ^tscope: full.err | tail -n 1))" grep -qE '^tscope: .*No space left' full.err
tscope acks small/x.pcapng --json >full.json 2>full.acks
holds "what fitted on the disk is readable ($(jq .packets full.json) packets)" test "$(jq .packets full.json)" -gt 500
umount small

# A module of another version.
rmmod tscope
if [ -e /files/tscope-other-version.ko ]; then
	insmod /files/tscope-other-version.ko
	fails "a module of another version" 1 'load the module of the same build' tscope capture -p 5201 -o x.pcapng
	tscope doctor >doctor.out 2>&1 || true
	holds "doctor says so too" grep -q 'same build' doctor.out
	rmmod tscope
else
	not_ok "no module of another version to try"
fi
drop_pair
