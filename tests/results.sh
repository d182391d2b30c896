# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A guest test's results, said in the guest or by the test's host part, and the figures that they are made of. TEST is its name.

ok() { echo "ok $TEST: $*"; }
not_ok() { echo "not ok $TEST: $*"; }
skip() { echo "skip $TEST: $1 # $2"; }

# is GOT WANTED WHAT
is() {
	if [ "$1" = "$2" ]; then ok "$3 ($1)"; else not_ok "$3: got $1, wanted $2"; fi
}

# holds WHAT COMMAND...
holds() {
	local what=$1
	shift
	if "$@" >/dev/null; then ok "$what"; else not_ok "$what"; fi
}

# at VANTAGE FIELD [SUMMARY]: a figure of one vantage point from a capture's summary; 0 if it has none.
at() {
	jq -r --arg at "$1" --arg field "$2" \
		'[.vantage_points[] | select(.vantage == $at) | .[$field]] | add // 0' "${3:-capture.json}"
}

# accounted VANTAGE UNIT [SUMMARY]: delivered plus lost, in records or segments.
accounted() {
	echo $(($(at "$1" "$2" "${3:-capture.json}") + $(at "$1" "lost_$2" "${3:-capture.json}")))
}
