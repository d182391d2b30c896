# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# On the host, in the folder that vlan.sh filled.
set -uo pipefail
# shellcheck source=tests/results.sh
. "$(dirname "$0")/../results.sh"

frames() { # FILE VLAN
	tshark -n -r "$1" -Y "vlan.id == $2" -T fields -e vlan.id 2>/dev/null | wc -l
}

for engine in kmod bpf; do
	total=$(tshark -n -r $engine.pcapng 2>/dev/null | wc -l)
	few=$(frames $engine.pcapng 10) many=$(frames $engine.pcapng 20)
	is $((few + many)) "$total" "$engine: each frame has its VLAN"
	# Questions and answers; three more go out by one call.
	holds "$engine: as many of each as were sent ($few and $many)" \
		test "$few" -ge 40 -a "$few" -le 46 -a "$many" -ge 80 -a "$many" -le 86
done
is "$(frames bpf.pcapng 10) $(frames bpf.pcapng 20)" "$(frames kmod.pcapng 10) $(frames kmod.pcapng 20)" \
	"both engines saw the same"
