# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# The kernel takes another clock than the TSC in mid-capture, as when it finds the TSC unstable: the capture goes on by
# the TSC, in order and complete, and says how well it knows the time.
. /tests/guest/lib.sh

place=/sys/devices/system/clocksource/clocksource0
was=$(cat $place/current_clocksource)
other=$(tr ' ' '\n' <$place/available_clocksource | grep -vx -e "$was" -e '' | tail -n 1)
if [ -z "$other" ]; then
	skip "another clock" "this guest has only $was"
	exit 0
fi

load_module
make_pair
start_capture left --at app-tx -o clock.pcapng
start_exchange before right 10.9.0.2 5201 100000 1000 1000
echo "$other" >$place/current_clocksource
is "$(cat $place/current_clocksource)" "$other" "the kernel's clock is another"
start_exchange meanwhile right 10.9.0.2 5202 100000 1000 10000
tscope doctor >doctor.log || true
echo "$was" >$place/current_clocksource
start_exchange after right 10.9.0.2 5203 100000 1000 1000
stop_exchange
stop_capture
sends=$(jq -s 'map(.sends) | add' ./*.client)
is "$(at app-tx records)" "$sends" "every send call before, meanwhile and after is recorded"
is "$(jq -c '[.loss.lost, .loss.late, .clock.source]' capture.json)" '[0,0,"tsc"]' "by the TSC all the time, none lost, none late"
holds "the error of its times is told ($(jq .clock.error_ns capture.json) ns)" jq -e '.clock.error_ns > 0' capture.json
holds "doctor tells of the other clock" grep -q "clocksource.*$other" doctor.log
drop_pair
