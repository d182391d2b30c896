# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The words in which every shell test says its results, on this machine and in guests. Each prints
# one line that begins with "ok", "not ok" or "skip". TEST names the test.

TEST=${TEST:-$(basename "$0" .sh)}

ok() { echo "ok $TEST: $*"; }
not_ok() { echo "not ok $TEST: $*"; }

# skip WHAT WHY
skip() { echo "skip $TEST: $1 # $2"; }

# is GOT WANTED WHAT
is() {
	local got=${1//$'\n'/ } wanted=${2//$'\n'/ }
	if [ "$1" = "$2" ]; then
		ok "$3${1:+ (${got:0:100})}"
	else
		not_ok "$3: got '${got:0:300}', wanted '${wanted:0:300}'"
	fi
}

# within GOT LOW HIGH WHAT: of numbers.
within() { holds "$4 (got $1, wanted $2 to $3)" jq -en "$1 >= $2 and $1 <= $3"; }

# holds WHAT COMMAND...: the command succeeds.
holds() {
	local what=$1
	shift
	if "$@" >/dev/null; then ok "$what"; else not_ok "$what"; fi
}

# prints PATTERN WHAT COMMAND...: the command succeeds and its output, or what it says beside it,
# has the extended regular expression.
prints() {
	local pattern=$1 what=$2 status=0 output
	shift 2
	output=$("$@" 2>&1 </dev/null) || status=$?
	if [ "$status" -eq 0 ] && grep -qE -e "$pattern" <<<"$output"; then
		ok "$what"
	else
		not_ok "$what: status $status, said: ${output:0:300}"
	fi
}

# refused STATUS PATTERN WHAT COMMAND...: the command fails with that status, prints nothing but one
# line on standard error, and this has the extended regular expression.
refused() {
	local wanted=$1 pattern=$2 what=$3 status=0 output said
	shift 3
	output=$(mktemp)
	said=$("$@" 2>&1 >"$output" </dev/null) || status=$?
	if [ "$status" -eq "$wanted" ] && [ ! -s "$output" ] && [ "$(wc -l <<<"$said")" -eq 1 ] &&
		grep -qE -e "$pattern" <<<"$said"; then
		ok "$what"
	else
		not_ok "$what: status $status, said: ${said:0:300}$(head -c 100 "$output")"
	fi
	rm "$output"
}
