# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: deterministic
# Virtual time: when probes leave, by the module's thread and by user space, idle and with a hog on the same CPU.
. /tests/guest/lib.sh

load_module
make_pair
settle
ip netns exec left ping -c 1 -W 2 10.9.0.2 >/dev/null

train() { # NAME ARGUMENTS...
	local name=$1
	shift
	ip netns exec left tscope train 10.9.0.2 --count 2000 --json -o "$name.pcapng" "$@" >"$name.json" 2>"$name.log" ||
		{ not_ok "$name: $(tail -n 1 "$name.log")"; return 1; }
}
at_most() { # NAME FIELD QUANTILE LIMIT
	local got
	got=$(jq ".$2.$3" "$1.json")
	holds "$1: $2 $3 at most $4 ns (got $got)" jq -en "$got <= $4"
}
row() { # NAME
	jq -r --arg name "$1" '[$name, .sent, .late, (.lateness_ns | .p50, .p90, .p99, .max)] | @tsv' "$1.json"
}
for load in idle hog; do
	hog=
	if [ $load = hog ]; then
		sh -c 'while :; do :; done' &
		hog=$!
	fi
	for gap in 1ms 100us; do
		name=kmod-$load-$gap
		train "$name" --engine kmod --gap $gap || continue
		is "$(jq .sent "$name.json")" 2000 "$name: every probe was sent"
		# A timer tick that takes longer than those before it may end after a probe's time.
		at_most "$name" spin_error_ns p99 50
		at_most "$name" lateness_ns p99 1000
		at_most "$name" lateness_ns max 25000
		at_most "$name" lateness_ns p50 1000
		for mode in spin sleep; do
			train "$mode-$load-$gap" --engine user --user-mode $mode --gap $gap || continue
			# As the module's own probes are.
			is "$(jq -c '[.facts.hand_over, .sent, (.notes | map(select(test("no stamp"))) | length)]' "$mode-$load-$gap.json")" \
				'["driver",2000,0]' "$mode-$load-$gap: every probe has the module's stamp at the driver"
		done
		holds "$name: p99 at least ten times better than nanosleep's ($(jq .lateness_ns.p99 "$name.json"), $(jq .lateness_ns.p99 "sleep-$load-$gap.json") ns)" \
			jq -en "$(jq .lateness_ns.p99 "$name.json") * 10 <= $(jq .lateness_ns.p99 "sleep-$load-$gap.json")"
	done
	[ -z "$hog" ] || { kill $hog; wait $hog 2>/dev/null || true; }
done
{
	printf 'engine\tsent\tlate\tp50\tp90\tp99\tmax (lateness, ns)\n'
	for name in *.json; do row "${name%.json}"; done
} >table
cat table >&2
drop_pair
