# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# On the host, in the folder that engines.sh filled: records of several CPUs in the order of their stamps.
set -uo pipefail
# shellcheck source=tests/guest/results.sh
. "$(dirname "$0")/results.sh"

for engine in kmod bpf; do
	backward=$(tshark -n -r $engine.pcapng -T fields -e frame.time_delta 2>/dev/null | grep -c '^-')
	is "$backward" "$(jq .loss.late $engine.json)" "$engine: no record is out of order but those counted late"
	is "$(jq '[.cpus[] | select(.records > 0)] | length > 1' $engine.json)" true "$engine: several CPUs made records"
done
