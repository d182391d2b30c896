# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Figures out of the JSON summary of `tscope capture`, for tests on this machine and in guests.

# at VANTAGE FIELD [SUMMARY]: prints the figure of one vantage point; 0 if it has none.
at() {
	jq -r --arg at "$1" --arg field "$2" \
		'[.vantage_points[] | select(.vantage == $at) | .[$field]] | add // 0' "${3:-capture.json}"
}

# accounted VANTAGE UNIT [SUMMARY]: prints delivered plus lost, in records or segments.
accounted() {
	echo $(($(at "$1" "$2" "${3:-capture.json}") + $(at "$1" "lost_$2" "${3:-capture.json}")))
}
