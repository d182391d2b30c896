# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# Bad input where a module is there: one line that says what to do, exit status 1, nothing lost of what was captured.
. /tests/guest/lib.sh

load_module
make_pair
offloads_off
refused 1 'no interface .*there are: .*lo' "unknown interface" tscope capture -p 5201 -i nosuch0 -o x.pcapng
refused 1 "can't write" "output that can't be written" tscope capture -p 5201 -o /nosuch/x.pcapng
refused 2 'power of two' "ring slots that are no power of two" tscope capture -p 5201 --ring-slots 100 -o x.pcapng
refused 1 'ring-slots' "rings larger than memory" tscope capture -p 5201 --ring-slots 1048576 -o x.pcapng

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
	refused 1 'load the module of the same build' "a module of another version" tscope capture -p 5201 -o x.pcapng
	tscope doctor >doctor.out 2>&1 || true
	holds "doctor says so too" grep -q 'same build' doctor.out
	rmmod tscope
else
	not_ok "no module of another version to try"
fi
drop_pair
