# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Each command of `tscope --help` has a man page, and a page's options are those of the command's
# --help.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/results.sh
. tests/results.sh
tscope=build/tscope

in_help() { "$tscope" "$1" --help | sed -nE 's/^  (-[^ ]*).*/\1/p' | tr ',' '\n' |
	grep -vxE -e '-h|--help'; }
# An option stands in the line after .TP, with macros and font changes around it.
in_page() { sed -nE '/^\.TP/ { n; s/\\-/-/g; s/\\f[A-Z]/ /g; s/[",]/ /g; p }' "$1" | tr ' ' '\n' |
	grep -E -e '^--?[A-Za-z0-9]'; }

for command in $("$tscope" --help | sed -n '/^Subcommands:/,$ s/^  \([a-z]*\).*/\1/p'); do
	page=docs/man/tscope-$command.1
	if [ ! -e "$page" ] || ! grep -q "tscope-$command (1)" docs/man/tscope.1; then
		not_ok "$command has no man page that tscope(1) names"
		continue
	fi
	differ=$(comm -3 <(in_help "$command" | sort) <(in_page "$page" | sort -u) | tr -d '\t')
	is "${differ//$'\n'/ }" "" "tscope-$command(1) has the options of --help"
done
