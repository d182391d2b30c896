# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# Before the machine sleeps its trains end, with a reason of their own; afterwards others are taken.
. /tests/guest/lib.sh

# As far as the freezing of processes, and back, without the hardware.
[ -w /sys/power/pm_test ] || { skip "trains before sleep" "this kernel can't try it"; exit 0; }
echo freezer >/sys/power/pm_test
echo 1 >/sys/module/suspend/parameters/pm_test_delay
load_module
ip link set lo up
train=(tscope train 127.0.0.1 --engine kmod --json)
"${train[@]}" --gap 1ms --count 100000 >asleep.json 2>asleep.log &
sending=$!
wait_for "the train" grep -q sending asleep.log
sleep 0.5
echo freeze >/sys/power/state
holds "the train is over" wait_for "its end" sh -c "! kill -0 $sending 2>/dev/null || [ -s asleep.json ]"
status=0
wait $sending || status=$?
is "$status" 1 "it failed"
holds "for the machine went to sleep ($(jq -c '[.sent, .left, .ended_by]' asleep.json), $(tail -n 1 asleep.log))" \
	jq -e '.sent > 0 and .left > 0 and .ended_by == "Cannot send after transport endpoint shutdown"' asleep.json
holds "in words too" grep -q 'went to sleep' asleep.log
"${train[@]}" --gap 1ms --count 50 >awake.json 2>awake.log || true
is "$(jq .sent awake.json)" 50 "and sends again when it is back"
echo none >/sys/power/pm_test
