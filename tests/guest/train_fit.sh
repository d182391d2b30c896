# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: deterministic
# Virtual time: random schedules as they left; train_fit.check.sh holds the gaps against their distributions.
. /tests/guest/lib.sh

load_module
make_pair
quiet_pair
settle
train() { # NAME ARGUMENTS...
	local name=$1
	shift
	ip netns exec left tscope train 10.9.0.2 --engine kmod --json --count 2000 -o "$name.pcapng" "$@" >"$name.json" 2>"$name.log" || true
	is "$(jq .sent "$name.json")" 2000 "$name: every probe was sent"
}
train poisson --schedule poisson --gap 500us --seed 7
train geometric --schedule geometric --slot 100us --probability 0.2 --seed 7
# Gaps of the same mean that are spread evenly: the tests of fit must refuse them.
awk 'BEGIN { srand(1); for (i = 0; i < 2000; i++) { printf "%.9f\n", at; at += 0.0001 * (1 + int(9 * rand())) } }' >even.times
train even --times even.times
drop_pair
